import re

import numpy as np
import pytest
import scipy.optimize
from sklearn.linear_model import LogisticRegression

from softmax_lib.gradient_check import eval_numerical_gradient
from softmax_lib.losses import softmax_loss_vectorized, svm_loss_vectorized
from softmax_lib.solvers import (
    certify,
    minimize_loss,
    mirror_of_columns,
    mirrored,
    second_moments,
    sgd,
)


def points(N=1200, D=8, C=3, dtype=np.float64, seed=0):
    """Points of two blocks, whose columns differ in size by a factor of a hundred."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, D)) * np.logspace(-1, 1, D)
    y = (X @ rng.standard_normal((D, C)) / 5 + rng.gumbel(size=(N, C))).argmax(axis=1)
    return X.astype(dtype), y


def pictures(N=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, 32, 32, 3)), rng.integers(4, size=N)


def with_ones(images):
    return np.hstack([images.reshape(len(images), -1), np.ones((len(images), 1))])


def reach(found, reg):
    """How far weights with this certificate may be from those of the minimum."""
    return np.sqrt(found.gap_bound / reg)  # the loss rises by reg * distance ** 2


def test_the_minimum_is_that_of_scikit_learn():
    X, y = points()
    reg = 0.01
    best = minimize_loss(softmax_loss_vectorized, X, y, reg, tolerance=1e-10)
    model = LogisticRegression(
        C=1 / (2 * len(X) * reg), fit_intercept=False, tol=1e-6, max_iter=1000
    )
    theirs = certify(softmax_loss_vectorized, model.fit(X, y).coef_.T, X, y, reg)
    assert theirs.gap_bound < 1e-6
    assert abs(best.loss - theirs.loss) <= max(best.gap_bound, theirs.gap_bound)
    distance = np.linalg.norm(best.W - theirs.W)
    assert distance <= reach(best, reg) + reach(theirs, reg)


def test_loss_and_gradient_norm_are_those_of_all_points_at_once():
    X, y = points()
    W = np.random.default_rng(1).standard_normal((8, 3)) / 100
    found = certify(softmax_loss_vectorized, W, X, y, 0.1)
    loss, dW = softmax_loss_vectorized(W, X, y, 0.1)
    assert found.loss == pytest.approx(loss, rel=1e-12)
    assert found.gradient_norm == pytest.approx(np.linalg.norm(dW), rel=1e-12)
    assert found.history == []


def test_where_only_the_penalty_is_left_the_bound_is_the_gap():
    W = np.random.default_rng(0).standard_normal((4, 3))
    X, y = np.zeros((5, 4)), np.array([0, 1, 2, 0, 1])
    found = certify(softmax_loss_vectorized, W, X, y, 0.7)
    assert found.gap_bound == pytest.approx(found.loss - np.log(3), rel=1e-12)


@pytest.mark.parametrize("loss", [softmax_loss_vectorized, svm_loss_vectorized])
def test_no_weights_lie_further_above_the_minimum_than_their_bound(loss):
    X, y = points(N=300)
    best = minimize_loss(loss, X, y, 0.05, moments=second_moments(X), tolerance=1e-10)
    rng = np.random.default_rng(0)
    for size in np.logspace(-4, 0, 20):
        W = best.W + size * rng.standard_normal(best.W.shape)
        found = certify(loss, W, X, y, 0.05)
        assert found.loss - best.loss <= found.gap_bound


def test_float32_weights_are_certified_in_float64():
    X, y = points(dtype=np.float32)
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.1, moments=second_moments(X))
    assert best.W.dtype == np.float32
    exact, dW = softmax_loss_vectorized(
        best.W.astype(np.float64), X.astype(np.float64), y, 0.1
    )
    assert best.loss == pytest.approx(exact, rel=1e-12)
    assert best.gradient_norm == pytest.approx(np.linalg.norm(dW), rel=1e-6)


def test_second_moments_of_centred_columns_are_their_covariances():
    X, _ = points()
    X = X - X.mean(axis=0)
    np.testing.assert_allclose(second_moments(X), np.cov(X, rowvar=False, ddof=0))


def test_moments_shorten_the_search_and_keep_the_minimum():
    X, y = points()
    long = minimize_loss(softmax_loss_vectorized, X, y, 0.001, tolerance=1e-9)
    short = minimize_loss(
        softmax_loss_vectorized,
        X,
        y,
        0.001,
        moments=second_moments(X),
        tolerance=1e-9,
    )
    assert len(short.history) < len(long.history) / 3
    distance = np.linalg.norm(short.W - long.W)
    assert distance <= reach(short, 0.001) + reach(long, 0.001)


def test_the_history_runs_from_the_start_to_the_minimum():
    X, y = points()
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.1)
    assert best.history[0] == pytest.approx(np.log(3), rel=1e-12)
    assert best.history[-1] == pytest.approx(best.loss, rel=1e-12)


@pytest.mark.parametrize("with_moments", [False, True])
def test_a_search_begins_at_the_weights_it_is_given(with_moments):
    X, y = points()
    moments = second_moments(X) if with_moments else None
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.1, tolerance=1e-12)
    again = minimize_loss(
        softmax_loss_vectorized, X, y, 0.1, moments=moments, start=best.W
    )
    assert again.history[0] == pytest.approx(best.loss, rel=1e-12)


def test_the_search_ends_at_its_tolerance_or_its_last_step():
    X, y = points()
    rough = minimize_loss(softmax_loss_vectorized, X, y, 0.1, tolerance=1e-2)
    fine = minimize_loss(softmax_loss_vectorized, X, y, 0.1, tolerance=1e-8)
    assert 1e-8 < rough.gap_bound <= 1e-2
    assert fine.gap_bound <= 1e-8
    short = minimize_loss(softmax_loss_vectorized, X, y, 0.1, max_iter=2)
    assert len(short.history) < len(rough.history)


def test_the_mirrored_loss_is_that_of_images_and_mirror_images():
    images, y = pictures()
    both = np.concatenate([images, images[:, :, ::-1]])
    W = np.random.default_rng(1).standard_normal((3073, 4)) / 100
    loss, dW = mirrored(softmax_loss_vectorized)(W, with_ones(images), y, 0.3)
    expected = softmax_loss_vectorized(W, with_ones(both), np.tile(y, 2), 0.3)
    assert loss == pytest.approx(expected[0], rel=1e-12)
    np.testing.assert_allclose(dW, expected[1], atol=1e-12)


def test_a_mirrored_row_is_the_row_of_the_mirrored_image():
    images, _ = pictures()
    np.testing.assert_array_equal(
        with_ones(images)[:, mirror_of_columns()], with_ones(images[:, :, ::-1])
    )


@pytest.mark.parametrize("image_shape", [(4, 7), (4, 7, 1), (5, 6, 3)])
def test_images_of_any_shape_have_mirror_images(image_shape):
    images = np.random.default_rng(0).normal(size=(3, *image_shape))
    mirror = mirror_of_columns(image_shape)
    np.testing.assert_array_equal(
        with_ones(images)[:, mirror], with_ones(images[:, :, ::-1])
    )


def test_the_minimum_of_the_mirrored_loss_is_its_own_mirror_image():
    images, y = pictures()
    best = minimize_loss(mirrored(softmax_loss_vectorized), with_ones(images), y, 0.1)
    np.testing.assert_allclose(best.W, best.W[mirror_of_columns()], atol=1e-12)
    assert np.abs(best.W).max() > 0.001


def falling(first, num_epochs):
    """A learning rate that falls by the same factor in each step, to a fiftieth."""
    return lambda epoch: first * 50 ** (-epoch / num_epochs)


def batches_of(X, seed, passes, size):
    """The batches that a run with this seed draws: all points, in a new order."""
    rng = np.random.default_rng(seed)
    for _ in range(passes):
        yield np.array_split(rng.permutation(len(X)), -(-len(X) // size))


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("rate_of", [lambda _: 0.01, falling(0.01, 3)])
@pytest.mark.parametrize("average", [False, True])
def test_sgd_takes_the_steps_of_its_formula(momentum, rate_of, average):
    X, y = points(N=90)
    settings = {"momentum": momentum, "average": average}
    path = sgd(
        softmax_loss_vectorized,
        X,
        y,
        0.1,
        learning_rate=rate_of,
        num_epochs=3,
        batch_size=40,  # 90 points are three batches of 30
        rng=7,
        **settings,
    )
    W, step, steps = np.zeros((8, 3)), np.zeros((8, 3)), 0
    for found, batches in zip(path, batches_of(X, 7, 3, 40), strict=True):
        seen = []
        for batch in batches:
            _, dW = softmax_loss_vectorized(W, X[batch], y[batch], 0.1)
            step = momentum * step - rate_of(steps / 3) * dW
            W = W + step
            steps += 1
            seen.append(W)
        expected = np.mean(seen, axis=0) if average else W
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_with_moments_a_step_is_divided_by_the_curvature():
    X, y = points(N=90)
    S = second_moments(X)
    (W,) = sgd(
        softmax_loss_vectorized,
        X,
        y,
        0.1,
        learning_rate=0.5,
        num_epochs=1,
        batch_size=90,
        moments=S,
    )
    _, dW = softmax_loss_vectorized(np.zeros((8, 3)), X, y, 0.1)
    curvature = S / 3 + 2 * 0.1 * np.eye(8)
    np.testing.assert_allclose(W, -0.5 * np.linalg.inv(curvature) @ dW, rtol=1e-9)


def test_with_moments_and_decay_minibatches_reach_the_minimum():
    X, y = points()
    S = second_moments(X)
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.01, moments=S, tolerance=1e-9)
    settings = {
        "learning_rate": falling(0.2, 30),
        "num_epochs": 30,
        "batch_size": 40,
    }
    *_, W = sgd(softmax_loss_vectorized, X, y, 0.01, moments=S, rng=0, **settings)
    assert certify(softmax_loss_vectorized, W, X, y, 0.01).loss - best.loss < 5e-6


def test_a_gradient_that_is_not_finite_is_not_preconditioned():
    X, y = points()

    def broken(W, X, y, reg):
        return 1.0, np.full(W.shape, np.nan)

    settings = {"learning_rate": 0.1, "num_epochs": 1, "moments": second_moments(X)}
    with pytest.raises(
        ValueError, match="loss must return finite numbers, but its gradient is not"
    ):
        list(sgd(broken, X, y, 0.1, **settings))


def test_averaging_and_decay_end_nearer_to_the_minimum():
    X, y = points()
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.01, moments=second_moments(X))

    def gap(rate=0.02, **settings):
        *_, W = sgd(
            softmax_loss_vectorized,
            X,
            y,
            0.01,
            learning_rate=rate,
            num_epochs=20,
            batch_size=20,
            rng=0,
            **settings,
        )
        return certify(softmax_loss_vectorized, W, X, y, 0.01).loss - best.loss

    assert gap(average=True) < gap() / 3
    assert gap(falling(0.02, 20)) < gap() / 2


@pytest.mark.parametrize("moments", [False, True])
def test_weights_keep_the_dtype_and_inputs_their_values(moments):
    X, y = points(N=60, dtype=np.float32)
    start = np.full((8, 3), 0.01, np.float32)
    S = second_moments(X)
    before = [array.copy() for array in (X, y, start, S)]
    given = {"moments": S if moments else None}
    best = minimize_loss(softmax_loss_vectorized, X, y, 0.1, start=start, **given)
    *_, W = sgd(softmax_loss_vectorized, X, y, 0.1, learning_rate=0.01, num_epochs=2)
    assert best.W.dtype == W.dtype == S.dtype == np.float32
    numbers = {"learning_rate": np.float64(0.01), "momentum": np.float64(0.5)}
    (W,) = sgd(softmax_loss_vectorized, X, y, 0.1, num_epochs=1, **numbers)
    assert W.dtype == np.float32
    for array, kept in zip((X, y, start, S), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_number_is_the_same_as_a_schedule_that_returns_it():
    X, y = points(N=60)
    settings = {"num_epochs": 2, "batch_size": 20, "rng": 0}
    paths = (
        sgd(softmax_loss_vectorized, X, y, 0.1, learning_rate=rate, **settings)
        for rate in (0.01, lambda _: 0.01)
    )
    for first, second in zip(*paths, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rate", [0, -1, np.nan, lambda _: 0.0])
def test_a_rate_or_schedule_that_takes_no_step_is_refused(rate):
    X, y = points(N=10)
    run = sgd(softmax_loss_vectorized, X, y, 0.1, learning_rate=rate, num_epochs=1)
    with pytest.raises(ValueError, match="learning_rate must be a positive number"):
        next(run)


def test_each_pass_yields_an_array_of_its_own():
    X, y = points(N=60)
    first, second = sgd(
        softmax_loss_vectorized, X, y, 0.1, learning_rate=0.01, num_epochs=2, rng=0
    )
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("reg", [0, -1, np.inf, np.nan])
def test_without_a_penalty_nothing_is_certified(reg):
    X, y = points(N=10)
    said = f"reg must be a positive number, but it is {reg}"
    with pytest.raises(ValueError, match=said):
        minimize_loss(softmax_loss_vectorized, X, y, reg)
    with pytest.raises(ValueError, match=said):
        certify(softmax_loss_vectorized, np.zeros((8, 3)), X, y, reg)


@pytest.mark.parametrize("momentum", [-0.1, 1.0])
def test_a_momentum_with_which_steps_only_grow_is_refused(momentum):
    X, y = points(N=10)
    run = sgd(
        softmax_loss_vectorized,
        X,
        y,
        0.1,
        learning_rate=0.1,
        num_epochs=1,
        momentum=momentum,
    )
    with pytest.raises(ValueError, match=f"below 1, but it is {momentum}"):
        next(run)


def test_a_run_without_a_pass_is_refused():
    X, y = points(N=10)
    run = sgd(softmax_loss_vectorized, X, y, 0.1, learning_rate=0.1, num_epochs=0)
    with pytest.raises(ValueError, match="num_epochs must be at least 1, but it is 0"):
        next(run)


@pytest.mark.parametrize("wrong", [np.eye(7), np.ones(8), np.ones((8, 7))])
def test_moments_of_other_columns_are_refused(wrong):
    X, y = points(N=10)
    said = r"shape \(8, 8\), but it is an array of shape " + re.escape(str(wrong.shape))
    with pytest.raises(ValueError, match=said):
        minimize_loss(softmax_loss_vectorized, X, y, 0.1, moments=wrong)
    settings = {"learning_rate": 0.1, "num_epochs": 1, "moments": wrong}
    with pytest.raises(ValueError, match=said):
        next(sgd(softmax_loss_vectorized, X, y, 0.1, **settings))


def test_a_start_or_labels_that_do_not_fit_are_refused():
    X, y = points(N=10)
    with pytest.raises(ValueError, match=r"start must .* \(8, 3\), but .* \(5, 3\)"):
        minimize_loss(softmax_loss_vectorized, X, y, 0.1, start=np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"start must .* \(8, 3\), but .* \(8, 2\)"):
        minimize_loss(softmax_loss_vectorized, X, y, 0.1, start=np.zeros((8, 2)))
    with pytest.raises(ValueError, match="X must be a two-dimensional array"):
        second_moments(X[0])
    run = sgd(
        softmax_loss_vectorized,
        X.astype(int),
        y,
        0.1,
        learning_rate=0.1,
        num_epochs=1,
    )
    with pytest.raises(TypeError, match="X must hold floats"):
        next(run)


def test_the_last_step_of_float32_is_not_followed_by_float64():
    X, y = points(N=300, dtype=np.float32)
    seen = []

    def noting(W, *rest):
        seen.append(W.dtype.name)
        return softmax_loss_vectorized(W, *rest)

    found = minimize_loss(noting, X, y, 0.1, max_iter=2, tolerance=0)
    steps = len(found.history)
    batches = len(seen) // (steps + 1)  # of each step, and of the certificate
    assert seen == ["float32"] * batches * steps + ["float64"] * batches


@pytest.mark.parametrize("with_moments", [False, True])
def test_the_search_is_given_the_gradient_of_its_variables(with_moments, monkeypatch):
    X, y = points(N=60, D=3)
    searched = []

    def minimize(function, v, args, **options):
        searched.append((function, args))
        function(v, *args)
        return scipy.optimize.OptimizeResult(x=v, nit=10**9)

    monkeypatch.setattr(scipy.optimize, "minimize", minimize)
    moments = second_moments(X) if with_moments else None
    minimize_loss(softmax_loss_vectorized, X, y, 0.1, moments=moments)
    [(function, args)] = searched
    v = np.random.default_rng(2).standard_normal(9) / 10
    numerical = eval_numerical_gradient(lambda v: function(v, *args)[0], v)
    np.testing.assert_allclose(function(v, *args)[1], numerical, rtol=1e-6, atol=1e-9)


def test_what_the_solvers_do_unless_told_otherwise():
    X, y = points(N=401)
    assert minimize_loss(softmax_loss_vectorized, X, y, 0.1).gap_bound <= 1e-6
    seen, asked = [], []

    def loss(W, X, y, reg):
        seen.append(len(X))
        return softmax_loss_vectorized(W, X, y, reg)

    def schedule(epoch):
        asked.append(epoch)
        return 0.1

    list(sgd(loss, X, y, 0.1, learning_rate=schedule, num_epochs=1, rng=0))
    assert sorted(seen) == [133, 134, 134]  # at most 200
    assert asked == [0, 0, 1 / 3, 2 / 3]  # once to check it
