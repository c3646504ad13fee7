"""Where a part goes wrong, and the sentence that says so."""

from typing import NamedTuple

from softmax_lib.exercises.report import Finding

__all__ = ["Sight"]

# A step of the reference, as the sentence names it.
VALUES = {
    "scores": "the scores",
    "own score": "each point's score of its correct class",
    "losses": "each point's loss",
    "sum of the losses": "the sum of the losses",
    "loss": "the mean of the losses",
    "dscores": "the gradient with respect to the scores",
    "dscores / N": "the gradient with respect to the scores, divided by N",
    "sum of the gradients": "the sum of the points' gradients",
    "gradient": "the gradient without the penalty",
    "shifted": "the scores minus their maximum",
    "own shifted score": "each point's shifted score of its correct class",
    "exps": "the exponentials",
    "exps without a shift": "the exponentials",
    "sums": "the sum of the exponentials of each point",
    "sums without a shift": "the sum of the exponentials of each point",
    "own exp": "the exponential of each point's correct class",
    "own exp without a shift": "the exponential of each point's correct class",
    "probs": "the probabilities",
    "probs / N": "the probabilities, divided by N",
    "own prob": "the probability of each point's correct class",
    "log-probs": "the logarithms of the probabilities",
    "log of the sums": "the logarithm of each point's sum of exponentials",
    "maximum": "each point's highest score",
    "margins": "the margins",
    "hinges": "the margins, with 0 for the negative ones",
    "counted": "the positive margins of the other classes",
    "other margins": "the margins of the other classes",
    "mask": "1 where another class has a positive margin",
    "mask / N": "1 where another class has a positive margin, divided by N",
    "mask with own": "1 where a margin is positive",
    "loss with the penalty": "the mean of the losses plus the penalty",
    "penalty": "the penalty",
    "gradient with the penalty": "the whole gradient",
    "gradient of the penalty": "the gradient of the penalty",
    "squared weights": "the squared weights",
    "sum of the squared weights": "the sum of the squared weights",
    "counts": "the number of positive margins of each point",
    "one-hot": "1 at the correct class and 0 elsewhere",
    "N": "the number of points N",
    "D": "the number of features D",
    "C": "the number of classes C",
    "one": "1",
    "zero": "0 before anything is added to it",
}
# What may be counted twice or not at all.
COUNTED = {
    "losses": "Each point's loss is",
    "probs": "p times x is",
    "own prob": "p times x of the correct class is",
    "minus one": "The -x of the correct class is",
    "own column": "What the correct class gets is",
    "other columns": "What the other classes get is",
    "dscores": "Each point's gradient is",
    "penalty": "The penalty is",
    "mask": "The x of each positive margin is",
}
# Where a line adds the wrong amount.
PLACES = {
    "own column": " in the column of the correct class",
    "own share": " in the column of the correct class",
    "minus one": " in the column of the correct class",
    "other columns": " in the columns of the other classes",
    "both columns": " in the column of the class and in that of the correct one",
}


class Sight(NamedTuple):
    """Where a part goes wrong."""

    part: str  # "loss" or "gradient"
    lines: tuple[int, ...]  # of the reader's file
    text: str  # the first of them
    name: str  # the variable that is wrong after it
    label: str  # which step of the reference belongs there
    adds: bool  # whether that is what should be added to the variable
    scale: str = ""  # the mistake of scale that remains
    is_right: bool = False  # whether each line is, and not what follows from them
    of_penalty: bool = False  # whether it is the penalty that goes wrong there
    balance: tuple[str, str] = ("", "")  # "twice" or "not at all", and what counts so
    before: tuple[int, ...] = ()  # lines that feed it, and that may be wrong already
    never: tuple[int, ...] = ()  # lines that feed it, and that never run
    edit: str = ""  # what kind of edit of the line makes the part right
    is_sure: bool = False  # whether no other line can be where it goes wrong

    @property
    def sentence(self) -> str:
        """What the reader is told, without the full stop."""
        first, name = self.lines[0], f"`{self.name}`"
        if self.name.startswith("result_"):
            name = "what is returned"
        where = f"line {first} (`{self.text}`)"
        if self.balance[0]:
            lines = " and ".join(map(str, self.lines))
            times, what = self.balance
            return (
                f"{COUNTED[what]} counted {times} in {name}: "
                f"see line{'s' * (len(self.lines) > 1)} {lines}"
            )
        if len(self.lines) > 1:
            lines = " and ".join(map(str, self.lines))
            return (
                f"The lines {lines} do not go together: each adds something right "
                f"to {name}, and their sum is wrong"
            )
        if self.edit:
            return f"What goes wrong is {where}: {self.edit}"
        if self.never:
            return f"Line {self.never[0]} never runs, and {where} needs what it sets"
        if self.before:
            lines = ", ".join(map(str, self.before))
            several = "one of the lines" if len(self.before) > 1 else "line"
            return (
                f"The mistake is in {several} {lines} or in {where}, from which on "
                f"{name} is wrong"
            )
        if self.label == "nothing":
            return f"What goes wrong is {where}: it should not change {name}"
        if self.label == "what was there":
            return (
                f"What goes wrong is {where}: it should add to {name}, not replace it"
            )
        if self.is_right:
            return f"Up to {where} all is right; what goes wrong comes after it"
        if self.adds:
            place = PLACES.get(self.label, "")
            return (
                f"What goes wrong is {where}: it adds the wrong amount to {name}{place}"
            )
        return (
            f"The first line that goes wrong is {where}: {name} should be "
            f"{VALUES[self.label]} there"
        )

    def finding(self) -> Finding:
        """Return what the report says of it."""
        return Finding(
            "wrong_line",
            self.sentence,
            "Print what the line computes for one point, and work it out by hand.",
            self.part,
            (*self.never, *self.before, *self.lines)[0],
        )
