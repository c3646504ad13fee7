"""What the prose names is there: functions, commands, files, the calls of listings."""

import pytest

from tools.checker.named import miscalled, miscounted, misnamed


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("`softmax_loss_naive`", "`softmax_loss_naves`"),
        ("`LinearClassifier.train`", "`LinearClassifier.fit`"),
        ("`dW += 2 * reg * W`", "`dW += 2 * rge * W`"),
        ("`X[i] @ W`", "`X[i] @ WW`"),
        ("`make book`", "`make books`"),
        ("`tools/benchmarks/README.md`", "`tools/benchmark/README.md`"),
        ("`.github/CONTRIBUTING.md`", "`.github/CONTRIBUTE.md`"),
        ("`release.yml` and `_config.yml`", "`publish.yml`"),
        ("the\nworkflow *pages*", "the\nworkflow *publish*"),
        ("`SOFTMAX_LIB_DATA`", "`SOFTMAX_DATA`"),
    ],
)
def test_a_name_that_nothing_has_is_found(right, wrong):
    assert list(misnamed(right)) == []
    assert len(list(misnamed(wrong))) == 1


def test_names_in_listings_and_roles_are_not_words_of_the_prose():
    assert (
        list(misnamed("```text\n`nothing_has_it`\n```\n\n{eq}`eq-nothing-has`")) == []
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "from softmax_lib.losses import softmax",
            "from softmax_lib.losses import softmin",
        ),
        (
            "from softmax_lib.losses import softmax",
            "from softmax_lib.loss import softmax",
        ),
        ("softmax(s, temperature=2)", "softmax(s, temper=2)"),
        ("softmax(s, 2)", "softmax(s, 2, 3)"),
        ("softmax(*both, temperature=2)", "softmax(*both, T=2)"),
    ],
)
def test_a_listing_that_would_fail_is_found(right, wrong):
    listing = "%load_ext autoreload\nfrom softmax_lib.losses import softmax\n{}\n"
    for code, count in ((right, 0), (wrong, 1)):
        text = f"```{{note}}\nText.\n```\n\n```python\n{listing.format(code)}```\n"
        assert len(list(miscalled(text))) == count, code


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("$256 - 71 = 185$", "$256 - 71 = 158$"),
        ("$-100 + 256 = 156$", "$100 + 256 = 156$"),
        ("It adds two things:\n\n- a\n- b\n", "It adds three things:\n\n- a\n- b\n"),
        (
            "The eight lines have two steps:\n\n1. a\n   b\n2. c",
            "The two lines have eight or six steps:\n\n1. a\n   b\n2. c",
        ),
    ],
)
def test_a_wrong_sum_and_a_wrong_count_are_found(right, wrong):
    assert list(miscounted(right)) == []
    assert len(list(miscounted(wrong))) == 1
