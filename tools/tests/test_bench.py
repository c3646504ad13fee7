"""What the benchmark compares computes the same."""

import numpy as np
import pytest

from softmax_lib.losses import softmax_loss_vectorized
from tools.benchmarks.bench import REG, torch_loss


@pytest.mark.needs_torch
def test_pytorch_finds_the_gradient_of_the_loss():
    rng = np.random.default_rng(0)
    W, X = rng.standard_normal((7, 4)), rng.standard_normal((9, 7))
    y = rng.integers(4, size=9)
    _, dW = softmax_loss_vectorized(W, X, y, REG)
    # Entries near 2 REG = 5e4: one rounding is 7e-12.
    np.testing.assert_allclose(torch_loss(W, X, y)(), dW, rtol=0, atol=1e-10)
