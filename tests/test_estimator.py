import re

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from softmax_lib.estimator import SoftmaxClassifier, normalized_weights
from softmax_lib.losses import softmax_loss_vectorized
from softmax_lib.preprocessing import append_bias

RNG = np.random.default_rng(0)
NAMES = np.array(["bird", "cat", "dog"])
indices = np.arange(90) % 3
X = RNG.standard_normal((3, 4))[indices] + RNG.standard_normal((90, 4))
y = NAMES[indices]
weights = RNG.integers(4, size=90).astype(float)


def test_every_check_of_scikit_learn_passes_and_none_is_excepted() -> None:
    results = check_estimator(SoftmaxClassifier(), on_skip=None)
    statuses = [result["status"] for result in results]
    assert statuses.count("passed") > 50
    assert set(statuses) <= {"passed", "skipped"}
    # What is skipped asks for pandas, or for an environment variable.
    for result in results:
        if result["status"] == "skipped":
            assert re.match("pandas|SCIPY_ARRAY_API", str(result["exception"]))


def test_the_gradient_is_zero_where_it_ends() -> None:
    model = SoftmaxClassifier(reg=0.01, tol=1e-8).fit(X, y)
    _, dW = softmax_loss_vectorized(model.W_, append_bias(X), indices, 0.01)
    assert np.abs(dW).max() <= 1e-8


def test_without_a_bias_it_finds_what_logistic_regression_finds() -> None:
    # LogisticRegression does not penalize a bias; on centred points of balanced
    # classes without one, both minimize the same loss.
    theirs = LogisticRegression(
        C=1 / (2 * 90 * 0.01), fit_intercept=False, tol=1e-10, max_iter=1000
    ).fit(append_bias(X), y)
    ours = SoftmaxClassifier(reg=0.01, tol=1e-8).fit(X, y)
    # Both end where the gradient is below 1e-8; the curvature is above 0.02.
    np.testing.assert_allclose(ours.W_, theirs.coef_.T, rtol=0, atol=4e-6)
    np.testing.assert_allclose(
        ours.predict_proba(X), theirs.predict_proba(append_bias(X)), atol=4e-6
    )


def test_a_weight_counts_a_point_as_often_as_it_says() -> None:
    # Below 1e-9 rounding can end the search: a processor without vectors got to 3e-10.
    model = SoftmaxClassifier(reg=0.01, tol=1e-8)
    repeated = np.repeat(np.arange(90), weights.astype(int))
    weighted = clone(model).fit(X, y, sample_weight=weights)
    written_out = clone(model).fit(X[repeated], y[repeated])
    # The curvature is above 0.02, and each gradient has 15 numbers.
    np.testing.assert_allclose(weighted.W_, written_out.W_, rtol=0, atol=4e-6)
    plain = clone(model).fit(X, y)
    assert np.abs(weighted.W_ - plain.W_).max() > 0.01


@pytest.mark.parametrize("sample_weight", [None, weights])
def test_each_partial_fit_is_a_step_against_the_gradient(sample_weight) -> None:
    model = SoftmaxClassifier(reg=0.1, learning_rate=0.5)
    times = np.ones(90, int) if sample_weight is None else weights.astype(int)
    repeated = np.repeat(np.arange(90), times)
    W = np.zeros((5, 3))
    for step in (1, 2):
        model.partial_fit(X, y, classes=NAMES, sample_weight=sample_weight)
        points, labels = append_bias(X)[repeated], indices[repeated]
        W = W - 0.5 * softmax_loss_vectorized(W, points, labels, 0.1)[1]
        np.testing.assert_allclose(model.W_, W, rtol=0, atol=1e-14)
        assert model.n_iter_ == step


def test_partial_fits_bring_the_loss_near_the_least() -> None:
    best, steps = SoftmaxClassifier().fit(X, y), SoftmaxClassifier(learning_rate=0.5)
    for _ in range(500):
        steps.partial_fit(X, y, classes=NAMES)
    points = append_bias(X)
    least, _ = softmax_loss_vectorized(best.W_, points, indices, 1e-3)
    reached, _ = softmax_loss_vectorized(steps.W_, points, indices, 1e-3)
    assert least <= reached < least + 0.01


def test_a_partial_fit_does_not_change_weights_that_were_kept() -> None:
    model = SoftmaxClassifier().fit(X, y)
    kept, before = model.W_, model.W_.copy()
    model.partial_fit(X, y)
    np.testing.assert_array_equal(kept, before)
    assert not np.array_equal(model.W_, before)


def test_a_minibatch_need_not_hold_every_class() -> None:
    model = SoftmaxClassifier().partial_fit(X[:1], ["dog"], classes=NAMES[::-1])
    assert model.classes_.tolist() == NAMES.tolist()
    assert model.predict(X[:1]) == ["dog"]


def test_probabilities_scores_and_predictions_agree() -> None:
    model = SoftmaxClassifier().fit(X, y)
    scores, probs = model.decision_function(X), model.predict_proba(X)
    np.testing.assert_allclose(scores, append_bias(X) @ model.W_, atol=1e-14)
    np.testing.assert_allclose(
        np.exp(scores[:, 1] - scores[:, 0]), probs[:, 1] / probs[:, 0]
    )
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_array_equal(model.predict(X), NAMES[scores.argmax(axis=1)])


def test_for_two_classes_the_score_is_that_of_the_second() -> None:
    two = indices < 2
    model = SoftmaxClassifier().fit(X[two], y[two])
    odds = model.predict_proba(X)[:, 1] / model.predict_proba(X)[:, 0]
    np.testing.assert_allclose(model.decision_function(X), np.log(odds), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_and_probabilities_have_the_dtype_of_the_points(dtype) -> None:
    points = X.astype(dtype)
    fitted = SoftmaxClassifier().fit(points, y)
    stepped = SoftmaxClassifier().partial_fit(points, y, classes=NAMES)
    settings = {"reg": np.float64(0.1), "learning_rate": np.float64(0.1)}
    of_numpy = SoftmaxClassifier(**settings).partial_fit(points, y, classes=NAMES)
    for model in (fitted, stepped, of_numpy):
        assert model.W_.dtype == model.predict_proba(points).dtype == dtype


def test_shares_have_the_dtype_of_the_points_too() -> None:
    assert normalized_weights(weights, X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(normalized_weights(weights, X), weights / weights.sum())


def test_points_of_other_dtypes_are_taken_as_float64() -> None:
    whole = np.rint(5 * X)
    fitted, stepped = SoftmaxClassifier(), SoftmaxClassifier()
    fitted.fit(whole.astype(int), y)
    stepped.partial_fit(whole.astype(int), y, classes=NAMES)
    other = SoftmaxClassifier().partial_fit(whole, y, classes=NAMES)
    np.testing.assert_array_equal(stepped.W_, other.W_)
    np.testing.assert_array_equal(fitted.W_, SoftmaxClassifier().fit(whole, y).W_)
    small = SoftmaxClassifier().fit(X.astype(np.float32), y)
    assert small.predict_proba(X.astype(np.float16)).dtype == np.float64


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_sparse_matrix_is_refused(method: str) -> None:
    sparse = scipy.sparse.csr_array(X)
    with pytest.raises(TypeError, match=r"Sparse data was passed.*dense data"):
        getattr(SoftmaxClassifier(), method)(sparse, y)


def test_what_cannot_be_trained_on_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^y must hold at least 2 classes, .* 1 "):
        SoftmaxClassifier().fit(X, ["cat"] * 90)
    with pytest.raises(ValueError, match=r"^classes must name all labels"):
        SoftmaxClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"^y must hold .* it holds .*'dog'\)?\.$"):
        SoftmaxClassifier().partial_fit(X, y, classes=NAMES[:2])
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        SoftmaxClassifier().fit(X, y, sample_weight=-weights)
    with pytest.raises(NotFittedError):
        SoftmaxClassifier().predict(X)


def test_a_fit_that_is_cut_short_says_so_where_it_was_called() -> None:
    with pytest.warns(ConvergenceWarning) as caught:
        model = SoftmaxClassifier(max_iter=2).fit(X, y)
    _, dW = softmax_loss_vectorized(model.W_, append_bias(X), indices, 1e-3)
    assert str(caught[0].message) == (
        f"the gradient is still {np.abs(dW).max():.1g} after 2 steps; scale the "
        "points, or raise max_iter or tol."
    )
    assert caught[0].filename == __file__


def test_the_search_begins_at_zero_against_the_gradient() -> None:
    with pytest.warns(ConvergenceWarning, match="is still .* after 1 steps; scale"):
        model = SoftmaxClassifier(max_iter=1).fit(X, y)
    _, dW = softmax_loss_vectorized(np.zeros((5, 3)), append_bias(X), indices, 1e-3)
    length = np.linalg.norm(model.W_) / np.linalg.norm(dW)
    np.testing.assert_allclose(model.W_, -length * dW, atol=1e-12)


def test_the_settings_are_those_of_the_documentation() -> None:
    assert SoftmaxClassifier().get_params() == {
        "reg": 1e-3,
        "tol": 1e-4,
        "max_iter": 1000,
        "learning_rate": 0.01,
    }


def test_a_pipeline_of_it_can_be_searched_by_its_names() -> None:
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier())
    grid = {"softmaxclassifier__reg": [0.01, 1e3]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(100 * X, y)
    assert search.best_params_ == {"softmaxclassifier__reg": 0.01}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"reg": -1.0}, "reg must be zero or a positive number, but it is -1.0."),
        ({"tol": -1.0}, "tol must be zero or a positive number, but it is -1.0."),
        ({"max_iter": 0}, "max_iter must be at least 1, but it is 0."),
        (
            {"learning_rate": 0.0},
            "learning_rate must be a positive number, but it is 0.0.",
        ),
    ],
)
def test_a_setting_that_cannot_be_trained_with_is_named(
    setting: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SoftmaxClassifier(**setting).fit(X, y)  # type: ignore[arg-type]
