"""The CS231n worksheet, pasted: `cs231n` becomes `softmax_lib` in lines that import.

Nothing else is changed, and the folder that the worksheet's data cell names does not
exist. The worksheet leaves the tuning cell and the losses to its reader. The tuning
cell here is a reader's, with a tenth of the steps, so that the test stays short.
"""

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from softmax_lib import datasets
from softmax_lib.data_utils import load_CIFAR10
from tools.checker.chapters import chosen_data_set

SETUP = """
import random
import numpy as np
from cs231n.data_utils import load_CIFAR10
import matplotlib.pyplot as plt

%matplotlib inline
plt.rcParams['figure.figsize'] = (10.0, 8.0) # set default size of plots
plt.rcParams['image.interpolation'] = 'nearest'
plt.rcParams['image.cmap'] = 'gray'

# for auto-reloading extenrnal modules
# see http://stackoverflow.com/questions/1907993/autoreload-of-modules-in-ipython
%load_ext autoreload
%autoreload 2
"""

DATA = """
def get_CIFAR10_data(num_training=49000, num_validation=1000, num_test=1000, num_dev=500):
    \"\"\"
    Load the CIFAR-10 dataset from disk and perform preprocessing to prepare
    it for the linear classifier. These are the same steps as we used for the
    SVM, but condensed to a single function.
    \"\"\"
    # Load the raw CIFAR-10 data
    cifar10_dir = 'cs231n/datasets/cifar-10-batches-py'

    # Cleaning up variables to prevent loading data multiple times (which may cause memory issue)
    try:
       del X_train, y_train
       del X_test, y_test
       print('Clear previously loaded data.')
    except:
       pass

    X_train, y_train, X_test, y_test = load_CIFAR10(cifar10_dir)

    # subsample the data
    mask = list(range(num_training, num_training + num_validation))
    X_val = X_train[mask]
    y_val = y_train[mask]
    mask = list(range(num_training))
    X_train = X_train[mask]
    y_train = y_train[mask]
    mask = list(range(num_test))
    X_test = X_test[mask]
    y_test = y_test[mask]
    mask = np.random.choice(num_training, num_dev, replace=False)
    X_dev = X_train[mask]
    y_dev = y_train[mask]

    # Preprocessing: reshape the image data into rows
    X_train = np.reshape(X_train, (X_train.shape[0], -1))
    X_val = np.reshape(X_val, (X_val.shape[0], -1))
    X_test = np.reshape(X_test, (X_test.shape[0], -1))
    X_dev = np.reshape(X_dev, (X_dev.shape[0], -1))

    # Normalize the data: subtract the mean image
    mean_image = np.mean(X_train, axis = 0)
    X_train -= mean_image
    X_val -= mean_image
    X_test -= mean_image
    X_dev -= mean_image

    # add bias dimension and transform into columns
    X_train = np.hstack([X_train, np.ones((X_train.shape[0], 1))])
    X_val = np.hstack([X_val, np.ones((X_val.shape[0], 1))])
    X_test = np.hstack([X_test, np.ones((X_test.shape[0], 1))])
    X_dev = np.hstack([X_dev, np.ones((X_dev.shape[0], 1))])

    return X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev


# Invoke the above function to get our data.
X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev = get_CIFAR10_data()
print('Train data shape: ', X_train.shape)
print('Train labels shape: ', y_train.shape)
print('Validation data shape: ', X_val.shape)
print('Validation labels shape: ', y_val.shape)
print('Test data shape: ', X_test.shape)
print('Test labels shape: ', y_test.shape)
print('dev data shape: ', X_dev.shape)
print('dev labels shape: ', y_dev.shape)
"""  # noqa: E501

NAIVE = """
# First implement the naive softmax loss function with nested loops.
# Open the file cs231n/classifiers/softmax.py and implement the
# softmax_loss_naive function.

from cs231n.classifiers.softmax import softmax_loss_naive
import time

# Generate a random softmax weight matrix and use it to compute the loss.
W = np.random.randn(3073, 10) * 0.0001
loss, grad = softmax_loss_naive(W, X_dev, y_dev, 0.0)

# As a rough sanity check, our loss should be something close to -log(0.1).
print('loss: %f' % loss)
print('sanity check: %f' % (-np.log(0.1)))
"""

QUESTION_1 = """
# Why do we expect our loss to be close to -log(0.1)?
print('%f' % softmax_loss_naive(0 * W, X_dev, y_dev, 0.0)[0])
"""

GRADIENT = """
# Complete the implementation of softmax_loss_naive and implement a (naive)
# version of the gradient that uses nested loops.
loss, grad = softmax_loss_naive(W, X_dev, y_dev, 0.0)

# As we did for the SVM, use numeric gradient checking as a debugging tool.
# The numeric gradient should be close to the analytic gradient.
from cs231n.gradient_check import grad_check_sparse
f = lambda w: softmax_loss_naive(w, X_dev, y_dev, 0.0)[0]
grad_numerical = grad_check_sparse(f, W, grad, 10)

# similar to SVM case, do another gradient check with regularization
loss, grad = softmax_loss_naive(W, X_dev, y_dev, 5e1)
f = lambda w: softmax_loss_naive(w, X_dev, y_dev, 5e1)[0]
grad_numerical = grad_check_sparse(f, W, grad, 10)
"""

VECTORIZED = """
# Now that we have a naive implementation of the softmax loss function and its gradient,
# implement a vectorized version in softmax_loss_vectorized.
# The two versions should compute the same results, but the vectorized version should be
# much faster.
tic = time.time()
loss_naive, grad_naive = softmax_loss_naive(W, X_dev, y_dev, 0.000005)
toc = time.time()
print('naive loss: %e computed in %fs' % (loss_naive, toc - tic))

from cs231n.classifiers.softmax import softmax_loss_vectorized
tic = time.time()
loss_vectorized, grad_vectorized = softmax_loss_vectorized(W, X_dev, y_dev, 0.000005)
toc = time.time()
print('vectorized loss: %e computed in %fs' % (loss_vectorized, toc - tic))

# As we did for the SVM, we use the Frobenius norm to compare the two versions
# of the gradient.
grad_difference = np.linalg.norm(grad_naive - grad_vectorized, ord='fro')
print('Loss difference: %f' % np.abs(loss_naive - loss_vectorized))
print('Gradient difference: %f' % grad_difference)
"""

SGD = """
from cs231n.classifiers import Softmax
softmax = Softmax()
tic = time.time()
loss_hist = softmax.train(X_train, y_train, learning_rate=1e-7, reg=2.5e4,
                          num_iters=1500, verbose=True)
toc = time.time()
print('That took %fs' % (toc - tic))

# A useful debugging strategy is to plot the loss as a function of
# iteration number:
plt.plot(loss_hist)
plt.xlabel('Iteration number')
plt.ylabel('Loss value')
plt.show()

y_train_pred = softmax.predict(X_train)
print('training accuracy: %f' % (np.mean(y_train == y_train_pred), ))
y_val_pred = softmax.predict(X_val)
print('validation accuracy: %f' % (np.mean(y_val == y_val_pred), ))
"""

TUNING = """
# Use the validation set to tune hyperparameters (regularization strength and
# learning rate).
from cs231n.classifiers import Softmax
results = {}
best_val = -1
best_softmax = None
learning_rates = [1e-7, 5e-7, 1e-6]
regularization_strengths = [1e4, 2.5e4, 5e4]

for learning_rate in learning_rates:
    for reg in regularization_strengths:
        softmax = Softmax()
        softmax.train(X_train, y_train, learning_rate=learning_rate, reg=reg,
                      num_iters=100)
        train_accuracy = np.mean(y_train == softmax.predict(X_train))
        val_accuracy = np.mean(y_val == softmax.predict(X_val))
        results[(learning_rate, reg)] = (train_accuracy, val_accuracy)
        if val_accuracy > best_val:
            best_val = val_accuracy
            best_softmax = softmax

# Print out results.
for lr, reg in sorted(results):
    train_accuracy, val_accuracy = results[(lr, reg)]
    print('lr %e reg %e train accuracy: %f val accuracy: %f' % (
                lr, reg, train_accuracy, val_accuracy))

print('best validation accuracy achieved during cross-validation: %f' % best_val)

# Visualize the cross-validation results
import math
x_scatter = [math.log10(x[0]) for x in results]
y_scatter = [math.log10(x[1]) for x in results]

# plot training accuracy
marker_size = 100
colors = [results[x][0] for x in results]
plt.subplot(2, 1, 1)
plt.scatter(x_scatter, y_scatter, marker_size, c=colors)
plt.colorbar()
plt.xlabel('log learning rate')
plt.ylabel('log regularization strength')
plt.title('CIFAR-10 training accuracy')

# plot validation accuracy
colors = [results[x][1] for x in results] # default size of markers is 20
plt.subplot(2, 1, 2)
plt.scatter(x_scatter, y_scatter, marker_size, c=colors)
plt.colorbar()
plt.xlabel('log learning rate')
plt.ylabel('log regularization strength')
plt.title('CIFAR-10 validation accuracy')
plt.show()
"""

TEST = """
# evaluate on test set
# Evaluate the best softmax on test set
y_test_pred = best_softmax.predict(X_test)
test_accuracy = np.mean(y_test == y_test_pred)
print('softmax on raw pixels final test set accuracy: %f' % (test_accuracy, ))
"""

QUESTION_2 = """
# It's possible to add a new datapoint to a training set that would leave the SVM loss
# unchanged, but this is not the case with the Softmax classifier loss. True or false?
from softmax_lib.losses import svm_loss_vectorized
W_2, X_2, y_2 = np.eye(2), np.array([[0.0, 0.5], [9.0, 0.0]]), np.array([0, 0])
for loss_of in (svm_loss_vectorized, softmax_loss_vectorized):
    before = 1 * loss_of(W_2, X_2[:1], y_2[:1], 0.0)[0]
    after = 2 * loss_of(W_2, X_2, y_2, 0.0)[0]
    print('%r %r' % (before, after))
"""

TEMPLATES = """
# Visualize the learned weights for each class
w = best_softmax.W[:-1,:] # strip out the bias
w = w.reshape(32, 32, 3, 10)

w_min, w_max = np.min(w), np.max(w)

classes = ['plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
for i in range(10):
    plt.subplot(2, 5, i + 1)

    # Rescale the weights to be between 0 and 255
    wimg = 255.0 * (w[:, :, :, i].squeeze() - w_min) / (w_max - w_min)
    plt.imshow(wimg.astype('uint8'))
    plt.axis('off')
    plt.title(classes[i])
"""  # noqa: E501

CELLS = {
    "setup": SETUP,
    "data": DATA,
    "naive loss": NAIVE,
    "inline question 1": QUESTION_1,
    "gradient check": GRADIENT,
    "vectorized loss": VECTORIZED,
    "SGD": SGD,
    "tuning": TUNING,
    "test": TEST,
    "inline question 2": QUESTION_2,
    "templates": TEMPLATES,
}

# Between which accuracies a linear classifier on raw pixels ends. On CIFAR-10 those
# of the worksheet, give or take twice the 0.015 that 1,000 images allow.
ACCURACIES = {"cifar10": (0.30, 0.40), "shapes10": (0.35, 0.75)}


class Worked(NamedTuple):
    """The worksheet after its last cell: names, printed text and figures by cell."""

    names: dict[str, Any]
    printed: dict[str, str]
    figures: dict[str, list[str]]

    def numbers(self, cell: str, pattern: str) -> list[float]:
        return [float(found) for found in re.findall(pattern, self.printed[cell])]


@pytest.fixture(scope="module")
def worked() -> Iterator[Worked]:
    """Work through all cells, in one namespace, in an empty folder."""
    result = Worked({}, {}, {})
    default_rng = np.random.default_rng
    random_state = np.random.get_state()  # noqa: NPY002
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        mpl.rc_context(),
    ):
        patch.setenv("SOFTMAX_LIB_DATASET", chosen_data_set())
        patch.chdir(folder)
        patch.setattr(plt, "show", lambda: None)
        # The worksheet fixes no seed; the test must.
        patch.setattr(np.random, "default_rng", lambda rng=None: default_rng(rng or 0))
        np.random.seed(0)  # noqa: NPY002
        plt.switch_backend("agg")
        for name, source in CELLS.items():
            code = re.sub(r"^%.*$", "", source, flags=re.MULTILINE)
            code = re.sub(
                r"^from cs231n\.", "from softmax_lib.", code, flags=re.MULTILINE
            )
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(code, f"<cell: {name}>", "exec"), result.names)
            result.printed[name] = printed.getvalue()
            result.figures[name] = [ax.get_title() for ax in plt.gcf().axes]
            plt.close("all")
        yield result
    np.random.set_state(random_state)  # noqa: NPY002
    result.names.clear()


def test_row_1_the_data_has_the_worksheets_shapes(worked: Worked) -> None:
    notice, *lines = worked.printed["data"].splitlines()
    assert notice.startswith("There is no folder 'cs231n/datasets/cifar-10-batches-py'")
    assert lines[-8:] == [
        "Train data shape:  (49000, 3073)",
        "Train labels shape:  (49000,)",
        "Validation data shape:  (1000, 3073)",
        "Validation labels shape:  (1000,)",
        "Test data shape:  (1000, 3073)",
        "Test labels shape:  (1000,)",
        "dev data shape:  (500, 3073)",
        "dev labels shape:  (500,)",
    ]


def test_row_1_the_librarys_own_function_gives_the_same_arrays(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", chosen_data_set())
    data = datasets.get_CIFAR10_data(rng=0)
    for name, ours in zip(data._fields[:6], data[:6], strict=True):
        theirs = worked.names[name]
        # Brightness below 256, its mean rounded to float32 before the subtraction,
        # and the difference rounded again.
        assert ours.shape == theirs.shape
        assert np.abs(ours[::50] - theirs[::50]).max() <= 2 * 256 * 2.0**-24
    assert data.X_dev.shape == worked.names["X_dev"].shape


def test_row_1_a_folder_that_exists_is_read_and_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="CIFAR-10 is not in"):
        load_CIFAR10(tmp_path)


def test_row_2_the_naive_loss_starts_near_minus_log_a_tenth(worked: Worked) -> None:
    (loss,) = worked.numbers("naive loss", r"^loss: (\d+\.\d{6})")
    # Random scores of deviation near 0.3 add about 0.05, and never less than nothing
    # by more than the 500 labels' luck.
    assert 2.25 < loss < 2.55
    assert worked.printed["naive loss"].endswith("sanity check: 2.302585\n")


def test_row_3_at_equal_scores_the_loss_is_minus_log_a_tenth(worked: Worked) -> None:
    assert worked.printed["inline question 1"] == "2.302585\n"


def test_row_4_the_gradient_check_prints_twenty_small_errors(worked: Worked) -> None:
    lines = worked.printed["gradient check"].splitlines()
    line = r"numerical: -?\d+\.\d{6} analytic: -?\d+\.\d{6}, relative error: (\S+)"
    errors = [float(re.fullmatch(line, text)[1]) for text in lines]
    assert len(errors) == 20
    # Pixels near 100 move a score by 1e-3, so the difference strays by a part in 1e7
    # of the terms of an entry; where these nearly cancel, a hundred times that.
    assert np.median(errors) < 1e-6
    assert max(errors) < 1e-4


def test_row_5_both_losses_agree_to_all_printed_digits(worked: Worked) -> None:
    naive, vectorized = worked.numbers("vectorized loss", r"loss: (\S+) computed in")
    assert naive == vectorized
    assert worked.printed["vectorized loss"].splitlines()[-2:] == [
        "Loss difference: 0.000000",
        "Gradient difference: 0.000000",
    ]


def test_row_6_the_loss_falls_as_the_worksheets_does(worked: Worked) -> None:
    history = worked.names["loss_hist"]
    lines = worked.printed["SGD"].splitlines()
    assert len(history) == 1500
    assert lines[:15] == [
        f"iteration {step} / 1500: loss {history[step]:.6g}"
        for step in range(0, 1500, 100)
    ]
    # reg times 30,730 squares of a thousandth of a normal number, plus the data loss.
    assert 740 < history[0] < 800
    # Each step multiplies W by 1 - 2 * 1e-7 * 2.5e4 = 0.995, its square by 0.99.
    assert history[100] / history[0] == pytest.approx(0.99**100, rel=0.02)
    assert 1.7 < np.mean(history[-100:]) < 2.2
    low, high = ACCURACIES[chosen_data_set()]
    (validation,) = worked.numbers("SGD", r"validation accuracy: (\S+)")
    assert low < validation < high


def test_row_7_the_best_of_nine_models_is_kept(worked: Worked) -> None:
    results, best = worked.names["results"], worked.names["best_softmax"]
    accuracies = [val for _, val in results.values()]
    assert len(accuracies) == 9
    low, high = ACCURACIES[chosen_data_set()]
    assert low < max(accuracies) == worked.names["best_val"] < high
    kept = np.mean(worked.names["y_val"] == best.predict(worked.names["X_val"]))
    assert kept == max(accuracies)
    titles = [title for title in worked.figures["tuning"] if title]
    assert titles == ["CIFAR-10 training accuracy", "CIFAR-10 validation accuracy"]


def test_row_8_the_best_model_does_as_well_on_the_test_images(worked: Worked) -> None:
    low, high = ACCURACIES[chosen_data_set()]
    (accuracy,) = worked.numbers("test", r"final test set accuracy: (\d\.\d{6})")
    assert low < accuracy < high
    # Two shares of 1,000 images differ by less than four times their joint error.
    assert abs(accuracy - worked.names["best_val"]) < 4 * np.hypot(0.016, 0.016)


def test_row_9_a_point_can_be_added_for_nothing_to_the_svm_only(
    worked: Worked,
) -> None:
    svm, softmax = worked.printed["inline question 2"].splitlines()
    assert svm == "1.5 1.5"
    before, after = map(float, softmax.split())
    # One summand more: log(1 + exp(-9)).
    assert after - before == pytest.approx(np.log1p(np.exp(-9.0)), rel=1e-9)


def test_row_10_the_templates_stand_in_two_rows_of_five(worked: Worked) -> None:
    assert worked.figures["templates"] == worked.names["classes"]
    assert worked.names["w"].shape == (32, 32, 3, 10)
    assert worked.names["wimg"].min() >= 0
    assert worked.names["wimg"].max() <= 255
