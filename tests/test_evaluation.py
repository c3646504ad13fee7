"""The figures of chapter 12 against SciPy, definitions and simulations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from softmax_lib.evaluation import (
    calibration,
    fit_temperature,
    mcnemar,
    paired_difference,
    wilson_interval,
)
from softmax_lib.losses import softmax


@given(st.integers(1, 20_000), st.floats(0, 1))
def test_the_interval_is_scipys(num: int, share: float) -> None:
    num_correct = round(share * num)
    theirs = stats.binomtest(num_correct, num).proportion_ci(0.95, "wilson")
    ours = wilson_interval(num_correct, num)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_the_interval_holds_the_accuracy_as_often_as_it_says() -> None:
    rights = np.random.default_rng(0).binomial(200, 0.35, size=4000)
    low, high = np.array([wilson_interval(int(right), 200) for right in rights]).T
    # 0.012 is 3.5 standard errors of the share of 4,000 that are 0.95.
    assert abs(np.mean((low <= 0.35) & (high >= 0.35)) - 0.95) < 0.012


@pytest.mark.parametrize(("num_correct", "num"), [(-1, 5), (6, 5), (0, 0)])
def test_counts_that_cannot_be_are_refused(num_correct: int, num: int) -> None:
    with pytest.raises(ValueError, match="num_correct") as caught:
        wilson_interval(num_correct, num)
    assert str(caught.value) == (
        "num_correct must be from 0 to num, and num at least 1, but they are "
        f"{num_correct} and {num}."
    )


@pytest.mark.parametrize("dtype", [bool, int, np.float32])
def test_the_paired_difference_is_scipys_t_statistic(dtype: type) -> None:
    first, second = np.random.default_rng(0).integers(0, 2, size=(2, 500)).astype(dtype)
    difference, error = paired_difference(first, second)
    theirs = stats.ttest_rel(first.astype(float), second.astype(float))
    assert round(500 * difference) == first.sum() - second.sum()
    np.testing.assert_allclose(difference / error, theirs.statistic, rtol=1e-12)


def test_points_in_common_make_the_paired_error_smaller() -> None:
    rng = np.random.default_rng(1)
    first = rng.random(1000) < 0.4
    near = first ^ (rng.random(1000) < 0.1)
    separate = np.sqrt(2 * 0.4 * 0.6 / 1000)
    assert paired_difference(first, near)[1] < 0.6 * separate
    assert paired_difference(first, ~first)[1] > 1.2 * separate


def test_the_paired_error_is_the_spread_over_other_points() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((2, 4000, 200)) < [[[0.5]], [[0.3]]]
    found = np.array(
        [paired_difference(a, b) for a, b in zip(first, second, strict=True)]
    )
    # Over 4,000 samples a standard deviation varies by 0.011 of itself.
    spread = found[:, 0].std(ddof=1)
    np.testing.assert_allclose(found[:, 1].mean(), spread, rtol=0.04)


def test_a_paired_difference_needs_two_points_and_the_same_ones() -> None:
    with pytest.raises(ValueError, match=r"^first must be a .* at least two numbers"):
        paired_difference(np.ones(1), np.ones(1))
    message = r"^second must have one number for each of first, shape \(5,\), but"
    with pytest.raises(ValueError, match=message):
        paired_difference(np.ones(5), np.ones(4))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 9), st.integers(1, 9))
def test_mcnemar_is_the_binomial_test_of_the_points_that_differ(
    only_first: int, only_second: int, both: int, neither: int
) -> None:
    sizes = [only_first, only_second, both, neither]
    y = np.zeros(sum(sizes), dtype=int)
    first = np.repeat([0, 1, 0, 1], sizes)
    second = np.repeat([1, 0, 0, 2], sizes)
    found = mcnemar(y, first, second)
    tosses = only_first + only_second
    theirs = stats.binomtest(only_first, tosses).pvalue if tosses else 1.0
    assert found[:2] == (only_first, only_second)
    np.testing.assert_allclose(found.p_value, theirs, rtol=1e-12)


def test_mcnemar_stays_exact_where_powers_of_two_overflow_floats() -> None:
    y = np.zeros(1100, dtype=int)
    first, second = np.repeat([0, 1], [570, 530]), np.repeat([1, 0], [570, 530])
    theirs = stats.binomtest(530, 1100).pvalue
    np.testing.assert_allclose(mcnemar(y, first, second).p_value, theirs, rtol=1e-9)


def test_mcnemar_refuses_predictions_of_other_points() -> None:
    y = np.zeros(5, dtype=int)
    with pytest.raises(ValueError, match="of the same length"):
        mcnemar(y, y, y[:4])
    with pytest.raises(ValueError, match="of the same length"):
        mcnemar(y, y[:4], y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_probabilities_are_scipys_softmax(dtype: type, temperature: float) -> None:
    scores = 8 * np.random.default_rng(1).standard_normal((50, 4)).astype(dtype)
    before = scores.copy()
    found = softmax(scores, temperature)
    theirs = special.softmax(scores.astype(np.float64) / temperature, axis=1)
    assert found.dtype == dtype
    # Shifted scores reach -60: rounding moves the exponent by up to 60 units of eps.
    np.testing.assert_allclose(found, theirs, rtol=100 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(scores, before)


def test_probabilities_of_large_scores_do_not_overflow() -> None:
    scores = np.array([[1e4, 0.0, -1e4]], dtype=np.float32)
    np.testing.assert_array_equal(softmax(scores), [[1, 0, 0]])
    limits = np.array([[-1e308, 1e308]])  # whose difference no float64 holds
    np.testing.assert_array_equal(softmax(limits), [[0, 1]])


def test_a_temperature_of_numpy_keeps_float32() -> None:
    scores = np.ones((2, 3), dtype=np.float32)
    assert softmax(scores, np.float64(2)).dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=f"^scores must hold finite numbers, .* {bad}"):
        softmax(np.array([[0.0, bad]]))


def test_scores_that_are_no_matrix_of_floats_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^scores must be a two-dimensional array"):
        softmax(np.zeros(3))
    with pytest.raises(TypeError, match=r"^scores must hold floats"):
        softmax(np.zeros((1, 3), dtype=int))


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_not_positive_is_refused(temperature: float) -> None:
    message = f"^temperature must be a positive number, but it is {temperature}\\.$"
    with pytest.raises(ValueError, match=message):
        softmax(np.zeros((1, 2)), temperature)


def test_calibration_is_its_definition_group_by_group() -> None:
    rng = np.random.default_rng(2)
    probabilities = special.softmax(2 * rng.standard_normal((500, 3)), axis=1)
    y = rng.integers(3, size=500)
    found = calibration(probabilities, y, num_groups=7)
    highest, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    error = 0.0
    for k in range(7):
        inside = (highest > k / 7) & (highest <= (k + 1) / 7)
        assert found.counts[k] == inside.sum()
        if inside.any():
            np.testing.assert_allclose(found.confidences[k], highest[inside].mean())
            np.testing.assert_allclose(found.accuracies[k], right[inside].mean())
            error += inside.mean() * abs(highest[inside].mean() - right[inside].mean())
        else:
            assert np.isnan(found.confidences[k])
            assert np.isnan(found.accuracies[k])
    assert (found.counts == 0).any(), "no group is empty, so that case is not tried"
    np.testing.assert_allclose(found.error, error)
    np.testing.assert_allclose(found.edges, np.arange(8) / 7)


def test_certain_and_impossible_have_their_groups() -> None:
    found = calibration(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0]))
    np.testing.assert_array_equal(found.counts, [0] * 9 + [2])
    assert found.error == 0.5


def test_a_group_that_nobody_is_in_is_there_and_empty() -> None:
    found = calibration(np.full((4, 2), 0.5), np.array([0, 0, 0, 1]))
    np.testing.assert_array_equal(found.counts, [0] * 4 + [4] + [0] * 5)
    empty = [np.nan] * 4, [np.nan] * 5
    np.testing.assert_array_equal(found.confidences, [*empty[0], 0.5, *empty[1]])
    np.testing.assert_array_equal(found.accuracies, [*empty[0], 0.75, *empty[1]])


def test_a_limit_belongs_to_the_group_below() -> None:
    probabilities = np.array([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0.0, 0.0]])
    found = calibration(probabilities, np.array([0, 0]), 4)
    np.testing.assert_array_equal(found.counts, [1, 1, 0, 0])


def test_a_single_group_compares_the_two_means() -> None:
    probabilities = np.array([[0.7, 0.3], [0.9, 0.1]], dtype=np.float32)
    found = calibration(probabilities, np.array([0, 1]), num_groups=1)
    assert found.counts.tolist() == [2]
    assert found.error == pytest.approx(0.8 - 0.5, rel=1e-7)


def test_what_says_its_chances_truly_has_a_small_error() -> None:
    rng = np.random.default_rng(3)
    probabilities = special.softmax(1.5 * rng.standard_normal((40_000, 5)), axis=1)
    y = (probabilities.cumsum(axis=1) < rng.random((40_000, 1))).sum(axis=1)
    # In a group of 4,000 points the share of right ones has a standard error of 0.008.
    assert calibration(probabilities, y).error < 0.008
    sharper = softmax(np.log(probabilities), 0.5)
    assert calibration(sharper, y).error > 0.1


@pytest.mark.parametrize(
    ("low", "high"), [(-0.2, 0.5), (np.nan, np.nan), (0.0, 2.0), (-0.2, 1.2)]
)
def test_what_is_no_probability_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="probabilities") as caught:
        calibration(np.array([[high, low]]), np.array([0]))
    assert str(caught.value) == (
        "probabilities must hold numbers from 0 to 1, but theirs are from "
        f"{low:g} to {high:g}."
    )


def test_calibration_refuses_other_bad_input() -> None:
    good = np.full((3, 2), 0.5)
    with pytest.raises(ValueError, match=r"^num_groups must be .* 1, but it is 0\.$"):
        calibration(good, np.zeros(3, dtype=int), num_groups=0)
    with pytest.raises(ValueError, match=r"^y must hold class indices from 0 to 1"):
        calibration(good, np.array([0, 1, 2]))
    with pytest.raises(ValueError, match=r"^y must have one label .* \(3,\)"):
        calibration(good, np.array([0, 1]))
    with pytest.raises(ValueError, match=r"^probabilities must be a two-dimensional"):
        calibration(np.zeros(3), np.zeros(3, dtype=int))


def test_the_temperature_has_the_lowest_loss() -> None:
    rng = np.random.default_rng(4)
    scores = rng.standard_normal((2000, 4))
    y = (special.softmax(scores, axis=1).cumsum(1) < rng.random((2000, 1))).sum(axis=1)
    scores = 3 * scores  # three times as sure as it should be

    def loss(temperature: float) -> float:
        return -special.log_softmax(scores / temperature, axis=1)[range(2000), y].mean()

    theirs = optimize.minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x
    found = fit_temperature(scores, y)
    # SciPy's search stops within 1e-5 of the minimum.
    np.testing.assert_allclose(found, theirs, rtol=1e-4)
    assert abs(found - 3) < 0.3  # its standard error in 2,000 points is about 0.1


def test_the_temperature_ends_at_a_limit_where_there_is_none() -> None:
    scores = np.array([[1.0, 0.0], [2.0, 0.0]])
    assert fit_temperature(scores, np.array([0, 0])) == pytest.approx(1e-3)
    assert fit_temperature(scores, np.array([1, 1])) == pytest.approx(1e3)


def test_the_temperature_is_found_to_nine_digits() -> None:
    scores = np.random.default_rng(6).standard_normal((200, 3))
    y = np.arange(200) % 3
    y[:120] = scores[:120].argmax(axis=1)

    def slope(sharpness: float) -> float:
        expected = special.softmax(sharpness * scores, axis=1) * scores
        return float(expected.sum() - scores[range(200), y].sum())

    sharpness = optimize.brentq(slope, 0.1, 10, xtol=1e-12)
    np.testing.assert_allclose(fit_temperature(scores, y), 1 / sharpness, rtol=1e-9)


def test_a_temperature_is_fitted_in_float64_and_changes_no_score() -> None:
    scores = np.random.default_rng(5).standard_normal((50, 3)).astype(np.float32)
    y, before = scores.argmax(axis=1), scores.copy()
    y[::3] = 0
    assert fit_temperature(scores, y) == fit_temperature(scores.astype(np.float64), y)
    np.testing.assert_array_equal(scores, before)


def test_fitting_a_temperature_refuses_bad_input() -> None:
    with pytest.raises(ValueError, match=r"^scores must hold finite numbers"):
        fit_temperature(np.array([[np.nan, 0.0]]), np.array([0]))
    with pytest.raises(ValueError, match=r"^scores must be a two-dimensional array"):
        fit_temperature(np.zeros(2), np.array([0]))
    with pytest.raises(ValueError, match=r"^y must hold class indices from 0 to 1"):
        fit_temperature(np.zeros((2, 2)), np.array([0, 2]))
    with pytest.raises(ValueError, match=r"^y must have one label .* \(2,\)"):
        fit_temperature(np.zeros((2, 2)), np.array([0]))


def test_scores_that_are_equal_have_no_temperature() -> None:
    with pytest.raises(ValueError, match="scores must differ within a row"):
        fit_temperature(np.ones((3, 4)), np.array([0, 1, 2]))
