"""What it means when a reader's code stops, hangs or ends its process."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from softmax_lib.exercises.mistakes import Mistake, catalogue, first_shown
from softmax_lib.exercises.report import Finding, Report, code_block, failed, numbered
from softmax_lib.exercises.sandbox import Trouble

# X times W with a single star, or np.multiply of the two.
ELEMENTWISE = (
    r"\bX\w*(\[[^]]*\])?(\.T)? *\* *(self\.)?W\b|\bW(\.T)? *\* *X|"
    r"multiply\((X|(self\.)?W)\b"
)
# A reduction that gets more than its array, and what NumPy says of it.
AXIS_CALL = (
    r"\b(sum|max|min|mean|argmax|amax|maximum\.reduce)\([^()]+(\([^()]*\))*,|axis *="
)
AXIS_ERRORS = (
    r"only integer scalar arrays can be converted to a scalar index|"
    r"object cannot be interpreted as an integer|only length-1 arrays"
)


def is_kind(kind: str) -> Callable[[Trouble], bool]:
    """Whether code ended in this way."""
    return lambda trouble: trouble.kind == kind


def contains(pattern: str) -> Callable[[Trouble], bool]:
    """Whether an exception's type and message contain a pattern."""
    return lambda trouble: re.search(pattern, trouble.text) is not None


# The first one that shows is reported.
ERRORS = catalogue(
    hangs=Mistake(
        "Your code does not finish",
        "Does the condition of each `while` become false, and when? And does each loop "
        "run over points, classes or features? A loss is computed once for each call.",
        shows=is_kind("time"),
    ),
    memory=Mistake(
        "Your code asks for too much memory",
        "Which array is the largest, and which shape should it have?",
        shows=is_kind("memory"),
    ),
    check_fails=Mistake(
        "The check itself failed: your code may be right",
        "Please open an issue at https://github.com/OWNER/softmax-book/issues "
        "with your code and the lines above.",
        shows=is_kind("check"),
    ),
    ends_the_process=Mistake(
        "Your code ends the process it runs in",
        "The kernel is alive: your code ran in a process of its own.",
        shows=is_kind("exit"),
    ),
    never_runs=Mistake(
        "The call returns before a line of the function has run: it contains `yield`, "
        "or begins with `async`",
        "Which word hands a result to the caller and ends the function?",
        shows=contains(r"^it returned a (generator|coroutine)"),
    ),
    debugger_left=Mistake(
        "A debugger is still in your code",
        "Take the line out that starts it.",
        shows=contains(r"^BdbQuit"),
    ),
    file_missing=Mistake(
        "Your code reads or writes a file that is not there",
        "The function needs nothing but its arguments. Take the line out.",
        shows=contains(r"^(FileNotFoundError|IsADirectoryError|PermissionError)"),
    ),
    written_for_tensors=Mistake(
        "Your code is written for tensors, and the check passes NumPy arrays",
        "Which function of NumPy does the same?",
        shows=contains(
            r"ndarray' object has no attribute '(clone|detach|dim|view|item_|numpy|"
            r"unsqueeze|new_\w+|scatter_|gather|to|cuda|type|t|mm|logsumexp|exp|log)'|"
            r"must be Tensor|expected Tensor"
        ),
    ),
    shape_called=Mistake(
        "The shape of an array is called like a function",
        "X.shape is a tuple, not a function. What do the round brackets do after it?",
        shows=lambda trouble: (
            "'tuple' object is not callable" in trouble.text
            and re.search(r"\.shape\s*\(", trouble.line) is not None
        ),
    ),
    not_a_function=Mistake(
        "The function's name holds a value, not a function",
        "Which line assigns to the name, below its `def`?",
        shows=lambda trouble: (
            "object is not callable" in trouble.text and not trouble.line
        ),
    ),
    sizes_not_in_a_tuple=Mistake(
        "The sizes of a new array are passed one by one; they belong in one tuple",
        "What does the second argument of np.zeros or np.ones mean?",
        shows=contains(r"Cannot interpret '.*' as a data type"),
    ),
    array_for_axis=Mistake(
        "An array is passed where the number of an axis is expected",
        "What does the second argument of np.sum or np.max mean?",
        shows=lambda trouble: (
            re.search(AXIS_ERRORS, trouble.text) is not None
            and re.search(AXIS_CALL, trouble.line) is not None
        ),
    ),
    elementwise_product=Mistake(
        "X and W are multiplied elementwise",
        "Is it `*` or `@` that sums over the features, and what does the other do?",
        shows=lambda trouble: (
            "broadcast" in trouble.text
            and re.search(ELEMENTWISE, trouble.line) is not None
        ),
    ),
    not_started=Mistake(
        "The function is not written yet",
        "Replace `raise NotImplementedError()` with your code.",
        shows=contains(r"^NotImplementedError"),
    ),
    method_missing=Mistake(
        "The class has no such method yet",
        "Compare its methods with those of the worksheet's class.",
        shows=contains(r"has no attribute '(predict|train|loss)'"),
    ),
    model_not_made=Mistake(
        "A method is called on the class itself, not on a model made from it",
        "What is the difference between `model` and `model()`?",
        shows=contains(r"is called on the class|missing .* argument: 'self'"),
    ),
    shapes_do_not_fit=Mistake(
        "Two arrays are combined elementwise, but their shapes do not fit",
        "Write both shapes next to the line. Is one of the lengths a number that your "
        "code spells out? And the sum over the classes of an (N, C) array: is its "
        "shape (N,) or (N, 1), and which of these has one entry per row?",
        shows=contains(r"could not be broadcast|non-broadcastable|could not broadcast"),
    ),
    product_does_not_fit=Mistake(
        "Two arrays are multiplied, but their shapes do not fit",
        "X is (N, D), W is (D, C), scores are (N, C). In a product the two inner "
        "lengths must be equal. Which order, and which transpose, makes them so?",
        shows=contains(r"mismatch in its core dimension|not aligned"),
    ),
    labels_as_float=Mistake(
        "Something that is not an integer is used as an index",
        "Which of your arrays has become an array of floats? np.zeros makes floats.",
        shows=contains(
            r"must be of integer|only integers, slices|integer scalar arrays"
        ),
    ),
    index_out_of_bounds=Mistake(
        "An index is too large for its axis",
        "An (N, C) array has a row for each point and a column for each class. Does "
        "your index count points or classes, and which axis is it used on?",
        shows=contains(r"out of bounds"),
    ),
    too_many_axes=Mistake(
        "An array has fewer axes than your line needs",
        "y is (N,): class indices, not one-hot rows. Print the shape of each array in "
        "the line.",
        shows=contains(
            r"too many indices|tuple index out of range|AxisError|not subscriptable"
        ),
    ),
    name_unknown=Mistake(
        "A name is used that has no value there",
        "Is it spelled the same where you assign it, and assigned on every path to "
        "this line?",
        shows=contains(r"NameError|UnboundLocalError"),
    ),
    signature=Mistake(
        "The arguments do not match the function's parameters",
        "Compare the def line with the worksheet's.",
        shows=contains(r"positional argument|unexpected keyword"),
    ),
    bool_array=Mistake(
        "A number is written into an array of True and False",
        "Which comparison made the array, and what type should its entries have?",
        shows=contains(r"Cannot cast ufunc .* to dtype\('bool'\)"),
    ),
    integer_array=Mistake(
        "A fraction is written into an array of integers",
        "Which of your arrays was made from integers?",
        shows=contains(r"Cannot cast ufunc"),
    ),
    array_for_number=Mistake(
        "An array is used where a single number is needed",
        "Print the shape of each name in the line. The functions of `math` take single "
        "numbers, those of `np` take arrays.",
        shows=contains(
            r"only length-1 arrays|only 0-dimensional|setting an array element"
        ),
    ),
    truth_of_array=Mistake(
        "An `if`, `and` or `max` asks whether a whole array is true",
        "A condition on an array is an array of conditions. Which one do you mean?",
        shows=contains(r"truth value of an array"),
    ),
    error=Mistake(
        "Your code stops with an error",
        "Print what goes into the line that stops: types, shapes and values.",
        shows=lambda trouble: True,
    ),
)


def is_of_shapes(trouble: Trouble) -> bool:
    """Whether shapes that do not fit, or an index beyond an end, stopped the code."""
    names = {"shapes_do_not_fit", "product_does_not_fit", "index_out_of_bounds"}
    return first_shown(ERRORS, trouble)[0].name in names


def has_plain_cause(trouble: Trouble) -> bool:
    """Whether the line that stops is where the mistake is."""
    caused_before = {
        "array_for_number",
        "bool_array",
        "elementwise_product",
        "error",
        "labels_as_float",
        "too_many_axes",
        "truth_of_array",
    }
    name = first_shown(ERRORS, trouble)[0].name
    return not is_of_shapes(trouble) and name not in caused_before


def not_callable(value: object) -> Report | None:
    """Report a value that was passed for a function, such as what it returned."""
    if callable(value):
        return None
    finding = Finding(
        "not_a_function",
        f"The check was given no function or class, but `{type(value).__name__}`",
        "Pass the name of your function or class alone, without calling it.",
    )
    return failed([finding])


def stopped(
    trouble: Trouble,
    circumstances: str,
    besides: Sequence[Finding] = (),
    unexplained: Sequence[str] = (),
    cause: Finding | None = None,
    shapes: str = "",
    other: str = "",
    more: Iterable[str] = (),
) -> Report:
    """Report code that did not return, and what else is wrong, line or no line."""
    finding = cause or first_shown(ERRORS, trouble)[0]
    others = [finding.text for finding in besides]
    others += [f"The {part} is wrong, too." for part in unexplained]
    return failed(
        [replace(finding, line=finding.line or trouble.number), *besides],
        code_block(filter(None, [trouble.line, trouble.text])),
        shapes,
        other + numbered(others) if others else "",
        *(more if others else ()),
        opening=f"{finding.text} This happens {circumstances}.",
    )
