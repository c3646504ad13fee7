r"""Each displayed formula as it stands, and beside it what it says, in Python.

A row has the formula's label (or its page, if it has none), its LaTeX with single
spaces, what it says, and what that must equal: a result of the package, a difference
quotient, another form. `ALONE` has formulas inside a line, each with its page. A
changed formula fails until its row is changed, and a row fails if it is not so.
"""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softmax_lib import (
    evaluation,
    features,
    linear_classifier,
    losses,
    preprocessing,
    solvers,
)
from softmax_lib.gradient_check import eval_numerical_gradient as slope
from softmax_lib.gradient_check import relative_error
from tools.checker.bound import PAGES, numbers_of_book, texts_of
from tools.checker.chapters import BOOK

RNG = np.random.default_rng(0)
N, D, C, REG, EPS = 8, 5, 4, 0.3, np.finfo(float).eps
X, W = RNG.normal(size=(N, D)), RNG.normal(size=(D, C))
y = RNG.integers(C, size=N)
ROWS = np.arange(N)
S = X @ W
P = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
s, p, k = S[0], P[0], y[0]  # of one point, and its class
ONE_HOT = np.eye(C)[y]
LOSS, GRADIENT = losses.softmax_loss_vectorized(W, X, y, REG)
OF_POINTS, DSCORES = losses.softmax_of_scores(S, y)
V = RNG.normal(size=(D, C))  # other weights
u, h = RNG.normal(size=C), 1e-5


def loss(weights):
    return losses.softmax_loss_vectorized(weights, X, y, REG)[0]


def loss_of(scores):
    return losses.softmax_of_scores(scores[np.newaxis], y[:1])[0][0]


def svm_loss(scores):
    return losses.svm_of_scores(scores[np.newaxis], y[:1])[0][0]


def second(f):
    return (f(1e-4) - 2 * f(0.0) + f(-1e-4)) / 1e-8


OTHERS = np.arange(C) != k
BEST = solvers.minimize_loss(losses.softmax_loss_vectorized, X, y, REG, tolerance=1e-14)
MOMENTS = solvers.second_moments(X)
PRECONDITIONER = solvers.cholesky_preconditioner(MOMENTS, REG, W)
GAP = solvers.certify(losses.softmax_loss_vectorized, W, X, y, REG).gap_bound
A = RNG.uniform(size=(N, C)) * (1 - ONE_HOT)  # slopes of hinges
OUT = A - ONE_HOT * A.sum(axis=1, keepdims=True)
PATCHES = RNG.normal(size=(30, 4))
MEAN, WHITENING = features.fit_whitening(PATCHES, 0.1)
VARIANCES, VECTORS = np.linalg.eigh(np.cov(PATCHES.T, bias=True))
Z = features.distances(PATCHES, features.Dictionary(MEAN, WHITENING, PATCHES[:3]))
LOW, HIGH = evaluation.wilson_interval(30, 80)
PHAT, n, z = 30 / 80, 80, 1.96


def roots():
    middle, root = PHAT + z**2 / (2 * n), PHAT * (1 - PHAT) / n + z**2 / (4 * n**2)
    return [(middle + sign * z * np.sqrt(root)) / (1 + z**2 / n) for sign in (-1, 1)]


EACH = X[:, :, np.newaxis] * (P - ONE_HOT)[:, np.newaxis]  # gradient of each point
FULL = EACH.mean(axis=0)
NOISE = np.sum((EACH - FULL) ** 2, axis=(1, 2)).mean()  # of one draw
PAIRS = (EACH[:, np.newaxis] + EACH) / 2  # every minibatch of two, with replacement
NOISE_OF_TWO = np.sum((PAIRS - FULL) ** 2, axis=(2, 3)).mean()
MEAN_LOSS = np.mean(
    [losses.softmax_of_scores(S[:1], np.array([j]))[0] for j in range(C)]
)
SMALL = np.array([[1, 0, -1], [0, 1, 1]])


def stepped(rate):
    model = linear_classifier.Softmax()
    model.W = W.copy()
    model.step(X, y, rate, REG)
    return model.W


def hessian_at_zero():
    moves = 1e-4 * np.eye(D * C).reshape(-1, D, C)
    gradients = [
        [losses.softmax_loss_vectorized(move, X, y, REG)[1] for move in (up, -up)]
        for up in moves
    ]
    return np.array([(up - down).ravel() / 2e-4 for up, down in gradients])


def lowest_of_lines():
    """Minimum of the mean of the lines below the hinges, plus the penalty."""
    lowest = -(X.T @ OUT / N) / (2 * REG)
    too_high = X @ lowest - (X @ lowest)[ROWS, y][:, np.newaxis] + 1
    return np.sum(A * too_high) / N + REG * np.sum(lowest**2)


def spread_of_accuracies(true, num):
    correct = np.arange(num + 1)
    ways = np.array([math.comb(num, j) for j in correct], dtype=float)
    chances = ways * true**correct * (1 - true) ** (num - correct)
    return np.sqrt(np.sum(chances * (correct / num - true) ** 2))


FORMULAS = [
    (
        "introduction",
        r"p_j = \frac{e^{s_j}}{\sum_k e^{s_k}}, \qquad \text{loss} = -\log p_y .",
        [*np.exp(s) / np.exp(s).sum(), -np.log(p[k])],
        [*losses.softmax(S)[0], loss_of(s)],
    ),
    (
        "eq-01-centring",
        r"x W = (x - m)\, W + m W .",
        (X - X.mean(0)) @ W + X.mean(0) @ W,
        S,
    ),
    (
        "eq-01-bias",
        r"x W + b = \begin{pmatrix} x & 1 \end{pmatrix} "
        r"\begin{pmatrix} W \\ b \end{pmatrix} .",
        preprocessing.append_bias(X) @ np.vstack([W, u]),
        S + u,
    ),
    ("eq-02-softmax", r"p_j = \frac{e^{s_j}}{\sum_k e^{s_k}} .", P, losses.softmax(S)),
    ("eq-02-point", r"L_i = -\log p_{y_i} .", -np.log(P[ROWS, y]), OF_POINTS),
    (
        "eq-02-lse",
        r"L_i = \log \sum_k e^{s_k} \; - \; s_{y_i} .",
        np.log(np.exp(S).sum(axis=1)) - S[ROWS, y],
        OF_POINTS,
    ),
    (
        "eq-02-loss",
        r"L = \frac{1}{N} \sum_i L_i \; + \; \text{reg} \sum_{d,j} W_{dj}^2 .",
        OF_POINTS.sum() / N + REG * np.sum(W**2),
        LOSS,
    ),
    (
        "eq-02-shift",
        r"\frac{e^{s_j - m}}{\sum_k e^{s_k - m}} = "
        r"\frac{e^{-m}\, e^{s_j}}{e^{-m} \sum_k e^{s_k}} = p_j .",
        np.exp(s - 3) / np.exp(s - 3).sum(),
        p,
    ),
    (
        "eq-02-stable",
        r"L_i = \log \sum_k e^{s_k - m} \; - \; (s_{y_i} - m) .",
        np.log(np.exp(s - 3).sum()) - (s[k] - 3),
        loss_of(s),
    ),
    (
        "eq-02-logsum",
        r"\frac{\partial}{\partial s_j} \log \sum_k e^{s_k} = "
        r"\frac{1}{\sum_k e^{s_k}} \cdot e^{s_j} = p_j ,",
        1 / np.exp(s).sum() * np.exp(s),
        slope(lambda t: float(np.log(np.exp(t).sum())), s),
    ),
    (
        "eq-02-dscores",
        r"\frac{\partial L_i}{\partial s_j} = p_j - \mathbb{1}[j = y_i] .",
        p - (np.arange(C) == k),
        slope(loss_of, s),
    ),
    (
        "eq-02-dW",
        r"\frac{\partial L_i}{\partial W_{dj}} = "
        r"\bigl( p_j - \mathbb{1}[j = y_i] \bigr)\, x_d .",
        np.outer(X[0], p - ONE_HOT[0]),
        slope(lambda w: loss_of(X[0] @ w), W),
    ),
    (
        "eq-02-grad",
        r"\frac{\partial L}{\partial W} = \frac{1}{N} \sum_i x_i^{\top} "
        r"\bigl( p_i - \mathbb{1}_{y_i} \bigr) + 2\, \text{reg}\, W ,",
        sum(np.outer(X[i], P[i] - ONE_HOT[i]) for i in range(N)) / N + 2 * REG * W,
        slope(loss, W),
    ),
    (
        "eq-03-scores",
        r"(X W)_{ij} = \sum_d X_{id} W_{dj} .",
        [
            [sum(X[i, d] * W[d, j] for d in range(D)) for j in range(C)]
            for i in range(N)
        ],
        S,
    ),
    (
        "eq-03-dW",
        r"\frac{\partial L}{\partial W_{dj}} = \sum_i X_{id}\, \text{dscores}_{ij} = "
        r"\sum_i (X^{\top})_{di}\, \text{dscores}_{ij} = (X^{\top} "
        r"\text{dscores})_{dj} .",
        X.T @ DSCORES / N + 2 * REG * W,
        GRADIENT,
    ),
    (
        "eq-04-derivative",
        r"f'(x) \approx \frac{f(x + h) - f(x)}{h} .",
        (np.exp(1 + h) - np.exp(1)) / h,
        np.exp(1),
    ),
    (
        "eq-04-differences",
        r"f'(x) \approx \frac{f(x + h) - f(x - h)}{2h} .",
        (np.exp(1 + h) - np.exp(1 - h)) / (2 * h),
        np.exp(1),
    ),
    (
        "eq-04-taylor",
        r"\begin{aligned} f(x \pm h) = {} & f(x) \pm h f'(x) \\ & + "
        r"\frac{h^2}{2} f''(x) "
        r"\pm \frac{h^3}{6} f'''(x) + \dots \end{aligned}",
        [np.exp(1) * (1 + t + t**2 / 2 + t**3 / 6) for t in (0.01, -0.01)],
        np.exp([1.01, 0.99]),
    ),
    (
        "eq-04-relative",
        r"\text{relative error} = \frac{|a - b|}{|a| + |b|} .",
        abs(3.0 - -1.5) / (abs(3.0) + abs(-1.5)),
        relative_error(3.0, -1.5),
    ),
    (
        "eq-04-factor",
        r"\frac{|a - k a|}{|a| + |k a|} = \frac{k - 1}{k + 1} ,",
        (7 - 1) / (7 + 1),
        relative_error(3.0, 21.0),
    ),
    (
        "eq-05-valley",
        r"f(w_1, w_2) = w_1^2 + 10\, w_2^2, \qquad \nabla f = (2 w_1,\; 20 w_2) .",
        [2 * 3.0, 20 * 1.0],
        slope(lambda w: float(w[0] ** 2 + 10 * w[1] ** 2), np.array([3.0, 1.0])),
    ),
    (
        "eq-05-factor",
        r"1 - \eta\, a .",
        1 - 0.1 * 20,
        (1.0 - 0.1 * slope(lambda w: float(10 * w[0] ** 2), np.ones(1)))[0],
    ),
    (
        "eq-05-shrink",
        r"1 - 2\, \eta \cdot \text{reg}",
        1 - 2 * 0.1 * REG,
        (1 - 0.1 * slope(lambda w: REG * float(w[0] ** 2), np.ones(1)))[0],
    ),
    (
        "eq-05-convex",
        r"\sum_j p_j u_j^2 - \Bigl( \sum_j p_j u_j \Bigr)^2 ,",
        np.sum(p * u**2) - np.sum(p * u) ** 2,
        second(lambda t: loss_of(s + t * u)),
    ),
    (
        "eq-07-score",
        r"s_j = \sum_{d=0}^{3071} x_d\, W_{dj} \; + \; b_j .",
        X[0] @ W + u,
        preprocessing.append_bias(X[:1])[0] @ np.vstack([W, u]),
    ),
    (
        "eq-08-svm",
        r"L_i^{\text{SVM}} = \sum_{j \ne y_i} \max(0,\; s_j - s_{y_i} + 1) .",
        np.maximum(0, s[OTHERS] - s[k] + 1).sum(),
        svm_loss(s),
    ),
    (
        "eq-08-softmax",
        r"L_i = \log \Bigl( 1 + \sum_{j \ne y_i} e^{-(s_{y_i} - s_j)} \Bigr) .",
        np.log(1 + np.exp(-(s[k] - s[OTHERS])).sum()),
        loss_of(s),
    ),
    (
        "eq-10-moments",
        r"S = \frac{1}{N} X^{\top} X, \qquad "
        r"v^{\top} S\, v = \frac{1}{N} \sum_i (x_i \cdot v)^2 ,",
        X.T @ X / N,
        MOMENTS,
    ),
    (
        "eq-12-roots",
        r"\frac{\hat p + \frac{z^2}{2n} \pm z \sqrt{\frac{\hat p (1 - \hat p)}{n} + "
        r"\frac{z^2}{4 n^2}}}{1 + \frac{z^2}{n}} .",
        roots(),
        [LOW, HIGH],
    ),
    (
        "eq-12-wilson",
        r"(\hat p - p)^2 \le z^2\, \frac{p\,(1 - p)}{n} .",
        [(PHAT - p_) ** 2 for p_ in (LOW, HIGH)],
        [z**2 * p_ * (1 - p_) / n for p_ in (LOW, HIGH)],
    ),
    (
        "eq-12-temperature",
        r"p_j = \frac{e^{s_j / T}}{\sum_k e^{s_k / T}} ,",
        np.exp(S / 3) / np.exp(S / 3).sum(axis=1, keepdims=True),
        losses.softmax(S, 3.0),
    ),
    (
        "eq-13-whitening",
        r"\tilde u = (u - m)\, V \,\mathrm{diag}\!\left( "
        r"\frac{1}{\sqrt{\lambda + 0.1}} \right) V^\top .",
        (PATCHES - MEAN) @ VECTORS @ np.diag(1 / np.sqrt(VARIANCES + 0.1)) @ VECTORS.T,
        (PATCHES - MEAN) @ WHITENING,
    ),
    (
        "eq-13-triangle",
        r"f_k = \max(0,\; \bar z - z_k) .",
        np.maximum(0, Z.mean(axis=1, keepdims=True) - Z),
        features.triangle_encoding(Z),
    ),
    (
        "eq-02-small",
        r"x = \begin{pmatrix} 1 & 2 \end{pmatrix}, \qquad W = \begin{pmatrix} "
        r"1 & 0 & -1 \\ 0 & 1 & 1 \end{pmatrix}, \qquad y = 0 .",
        losses.softmax_of_scores(np.array([[1.0, 2.0]]) @ SMALL, np.array([0]))[0],
        numbers_of_book()["c02_04"][6],
    ),
    (
        "eq-03-example",
        r"X = \begin{pmatrix} 1 & 2 \\ 3 & 1 \end{pmatrix}, \qquad W = \begin{pmatrix} "
        r"1 & 0 & -1 \\ 0 & 1 & 1 \end{pmatrix}, \qquad y = (0, 2) .",
        losses.softmax_of_scores(
            np.array([[1.0, 2], [3, 1]]) @ SMALL, np.array([0, 2])
        )[0],
        numbers_of_book()["c03_04"][:2],
    ),
    (
        "eq-04-error",
        r"\begin{aligned} \text{forward:} \quad & \frac{h}{2} |f''| + "
        r"\frac{\varepsilon |f|}{h} , \\[1ex] \text{centred:} \quad & "
        r"\frac{h^2}{6} |f'''| + \frac{\varepsilon |f|}{h} . \end{aligned}",
        [3e-5 / 2 * np.exp(1), 0.01**2 / 6 * np.exp(1)],
        [
            (np.exp(1 + 3e-5) - np.exp(1)) / 3e-5 - np.exp(1),
            (np.exp(1.01) - np.exp(0.99)) / 0.02 - np.exp(1),
        ],
    ),
    (
        "eq-04-best",  # where the derivatives of both parts of eq-04-error cancel
        r"\begin{aligned} h_{\text{forward}} &= \sqrt{2 \varepsilon \, |f| / |f''|} , "
        r"\\[1ex] h_{\text{centred}} &= \sqrt[3]{3 \varepsilon \, |f| / |f'''|} . "
        r"\end{aligned}",
        [7 / 2, np.cbrt(3 * EPS * 5 / 7) / 3 * 7],
        [EPS * 5 / (2 * EPS * 5 / 7), EPS * 5 / np.cbrt(3 * EPS * 5 / 7) ** 2],
    ),
    (
        "eq-05-step",
        r"W \leftarrow W - \eta \, \frac{\partial L}{\partial W} .",
        W - 0.1 * GRADIENT,
        stepped(0.1),
    ),
    (
        "eq-05-noise",
        r"\mathbb{E}\, \lVert g_{\text{batch}} - g \rVert^2 = \frac{1}{B} \cdot "
        r"\frac{1}{N} \sum_i \lVert g_i - g \rVert^2 .",
        NOISE / 2,
        NOISE_OF_TWO,
    ),
    (
        "eq-08-jensen",
        r"\begin{aligned} \frac{1}{C} \sum_{j} \Bigl( \log \sum_k e^{s_k} - s_j "
        r"\Bigr) &= "
        r"\log \sum_k e^{s_k} - \bar{s} \\ &\ge \log C . \end{aligned}",
        [np.log(np.exp(s).sum()) - s.mean(), np.log(C) <= MEAN_LOSS],
        [MEAN_LOSS, True],
    ),
    (
        "eq-09-intensity",
        r"\frac{2 N D C}{4\,(N D + D C + N C)} .",
        round(2 * 200 * 3073 * 90 / (4 * (200 * 3073 + 3073 * 90 + 200 * 90)), 1),
        numbers_of_book()["c09_09"][-4],
    ),
    (
        "eq-09-roofline",
        r"t \ge \max\left( \frac{\text{operations}}{\text{operations per second}},\; "
        r"\frac{\text{bytes}}{\text{bytes per second}} \right) .",
        numbers_of_book()["c09_15"][1] >= 1,  # measured over least time
        True,
    ),
    (
        "eq-10-strong",
        r"\begin{aligned} L(W') \;\ge\; L(W) &+ \sum_{d,j} "
        r"\frac{\partial L}{\partial W_{dj}} \, (W'_{dj} - W_{dj}) \\ "
        r"&+ \text{reg} \sum_{d,j} (W'_{dj} - W_{dj})^2 . \end{aligned}",
        loss(V) >= LOSS + np.sum(GRADIENT * (V - W)) + REG * np.sum((V - W) ** 2),
        True,
    ),
    (
        "eq-10-gap",
        r"L(W) - L(W^\star) \;\le\; \frac{1}{4\, \text{reg}} \sum_{d,j} "
        r"\Bigl( \frac{\partial L}{\partial W_{dj}} \Bigr)^{2} .",
        [np.sum(GRADIENT**2) / (4 * REG), LOSS - BEST.loss <= GAP],
        [GAP, True],
    ),
    (
        "eq-10-root",
        r"R R^{\top} = \tfrac{1}{C} S + 2\, \text{reg} \cdot I ,",
        MOMENTS / C + 2 * REG * np.eye(D),
        PRECONDITIONER @ PRECONDITIONER.T,
    ),
    (
        "eq-10-hessian",
        r"S \otimes \bigl( \tfrac{1}{C} I - \tfrac{1}{C^2} \mathbf{1} "
        r"\mathbf{1}^{\top} "
        r"\bigr) + 2\, \text{reg} \cdot I ,",
        np.kron(MOMENTS, np.eye(C) / C - np.ones((C, C)) / C**2)
        + 2 * REG * np.eye(D * C),
        hessian_at_zero(),
    ),
    (
        "eq-11-below",
        r"\frac{1}{N} \sum_{i,j} a_{ij} - \frac{1}{4\, \text{reg}} \sum_{d,k} "
        r"G_{dk}^2 ,",
        np.sum(A) / N - np.sum((X.T @ OUT / N) ** 2) / (4 * REG),
        lowest_of_lines(),
    ),
    (
        "eq-12-error",
        r"\sqrt{\frac{p\,(1 - p)}{n}} .",
        np.sqrt(0.35 * 0.65 / 80),
        spread_of_accuracies(0.35, 80),
    ),
    (
        "eq-13-gradient",
        r"g_r = G_{r+1,c} - G_{r-1,c}, \qquad g_c = G_{r,c+1} - G_{r,c-1} .",
        [X[2, 1] - X[0, 1], X[1, 2] - X[1, 0]],
        [2 * g[1, 1] for g in np.gradient(X)],
    ),
]

ALONE = [
    ("04_gradient_check", r"$|a - (-a)| / 2|a| = 1$", 1, relative_error(2.0, -2.0)),
    ("05_sgd", r"above $\eta = 2/a$ it is below $-1$", 1 - 2 / 20 * 20, -1),
    (
        "08_inline_questions",
        r"slope is $-(1 - p)$, where",
        p[k] - 1,
        slope(loss_of, s)[k],
    ),
    ("11_minimum", r"$(X M)\, W = X\, (M W)$", X[:, ::-1] @ W, X @ W[::-1]),
    (
        "14_tools",  # its loss is C times the sum of the losses, plus half the squares
        r"its `C` is $1 / (2 N\, \text{reg})$",
        X.T @ (losses.softmax(X @ BEST.W) - ONE_HOT) / (2 * N * REG),
        -BEST.W,
    ),
    (
        "closing",
        r"so `weight_decay` is `2 * reg`",
        2 * REG * W,
        slope(lambda w: REG * float(np.sum(w * w)), W),
    ),
    (
        "glossary",
        r"proportional to $1/\sqrt{B}$",
        NOISE**0.5 / 2**0.5,
        NOISE_OF_TWO**0.5,
    ),
    (
        "notation",
        r"lower triangle with $R R^{\top} = S / C + 2\, \text{reg} \cdot I$",
        np.tril(PRECONDITIONER) @ np.tril(PRECONDITIONER).T,
        MOMENTS / C + 2 * REG * np.eye(D),
    ),
    ("notation", r"moments of the features, $X^{\top} X / N$", X.T @ X / N, MOMENTS),
    ("symptoms", r"$(N - 1)/(N + 1)$ everywhere", 7 / 9, relative_error(1.0, 8.0)),
]


@pytest.fixture(scope="module")
def texts():
    pages = {page.stem: "\n".join(texts_of(page).values()) for page in PAGES}
    return {name: " ".join(text.split()) for name, text in pages.items()}


def displayed(page, text):
    """The displayed formulas of a page, each with its label, or the page's name."""
    found = re.findall(r"\$\$(.*?)\$\$(?: \((eq-[\w-]+)\))?", text)
    return [(label or page, latex.strip()) for latex, label in found]


def test_every_displayed_formula_has_its_row(texts):
    found = [row for page, text in texts.items() for row in displayed(page, text)]
    assert sorted(found) == sorted(row[:2] for row in FORMULAS)


def test_a_formula_without_a_label_is_displayed_too():
    found = displayed("closing", "$$ a . $$ (eq-01-a) Then $$ b , $$ (again) $$c$$")
    assert found == [("eq-01-a", "a ."), ("closing", "b ,"), ("closing", "c")]


@pytest.mark.parametrize(
    ("said", "equal"), [pytest.param(*row[2:], id=row[0]) for row in FORMULAS]
)
def test_a_displayed_formula_is_true(said, equal):
    assert_allclose(said, equal, rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("page", "latex", "said", "equal"), [pytest.param(*row, id=row[0]) for row in ALONE]
)
def test_a_formula_in_a_line_is_said_once_and_true(page, latex, said, equal, texts):
    assert texts[page].count(latex) == 1
    assert_allclose(said, equal, rtol=3e-5, atol=1e-6)


SHAPES = {
    **{"X": X, "X[i]": X[0], "mean": preprocessing.mean_image(X[:, :-1]), "y": y},
    **{"np.eye(C)[y]": ONE_HOT[0], "W": W, "b": u, "scores": S, "probs": P},
    **{"losses": OF_POINTS, "svm_losses": losses.svm_of_scores(S, y)[0]},
    **{"dW": GRADIENT, "dscores": DSCORES, "full": FULL, "best.W": BEST.W},
    **{"moments": MOMENTS, "R": PRECONDITIONER, "v": PRECONDITIONER.T @ W},
}


@pytest.mark.parametrize("code", SHAPES)
def test_the_notation_tells_the_shape_of_an_array(code):
    page = (BOOK / "notation.md").read_text("utf-8")
    (row,) = re.findall(rf"(?m)^\|[^|]*\| `{re.escape(code)}` \|(.*)\|$", page)
    told = re.search(r"\| \$(\([NDC, 1-]+\))\$ \|", row)[1]
    shape = eval(told, {"N": N, "D": D, "C": C})
    assert SHAPES[code].shape == shape
