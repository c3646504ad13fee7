"""The check of a classifier's training: record, explain, write."""

from softmax_lib.exercises.errors import not_callable, stopped
from softmax_lib.exercises.report import Report, failed
from softmax_lib.exercises.sandbox import Trouble, run
from softmax_lib.exercises.training.explain import (
    diagnose_begun,
    diagnose_start,
    diagnose_steps,
    diagnose_weights,
    remarks_on,
)
from softmax_lib.exercises.training.feedback import write, wrong_weights
from softmax_lib.exercises.training.observed import Trainings, once_each_step
from softmax_lib.exercises.training.recorder import RUNS, Recording, record_all


def check_train(classifier: type) -> Report:
    """Check the method ``train`` of a linear classifier.

    Parameters
    ----------
    classifier : type
        ``classifier()`` makes one. Its ``train(X, y, learning_rate, reg, num_iters,
        batch_size, verbose)`` returns the losses and leaves the weights in ``W``; for
        each step it calls ``self.loss(X_batch, y_batch, reg)``, or one of the
        worksheet's loss functions. That loss need not be written yet.

    Returns
    -------
    Report
        Whether it is right, and if not, which mistake it is.

    Examples
    --------
    >>> from softmax_lib.linear_classifier import Softmax
    >>> check_train(Softmax).passed
    True
    """
    if refused := not_callable(classifier):
        return refused
    outcome = run(record_all, classifier)
    where = f"in a training of {RUNS[0].num_iters} steps"
    for item in [outcome.trouble, *outcome.items]:
        if isinstance(item, Trouble):
            return stopped(item, where)
    recordings: list[Recording] = outcome.items[:-1]
    if found := diagnose_weights(recordings[0]):
        return wrong_weights(found, recordings[0])
    for recording in recordings:
        if recording.trouble is not None:
            return stopped(
                recording.trouble, where, diagnose_begun(Trainings(recordings))
            )
    seen = Trainings(list(map(once_each_step, recordings)), outcome.items[-1])
    if found := diagnose_start(seen):
        return failed(found)
    return write(diagnose_steps(seen), remarks_on(seen), seen)
