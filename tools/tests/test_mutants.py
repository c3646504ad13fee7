import pytest

from tools.mutants import mutants

SOURCE = '''"""A text."""

LIMIT = 3


@guarded(over="ignore")
def half(x: int = 1, *, loud: bool = False) -> int | None:
    """Return x / 2."""
    if x > 0 and loud:
        print(f"it is {x}")
    for _ in x:
        continue
    x -= 2
    return x.max() / 2
'''


def changes() -> list[str]:
    return [mutant.change for mutant in mutants(SOURCE)]


@pytest.mark.parametrize(
    "change",
    [
        "@guarded(over='ignore') def half → def half",
        "guarded(over='ignore') → guarded()",
        "1 → 2",
        "False → True",
        "if x > 0 and loud: → if False:",
        "x > 0 and loud → x > 0 or loud",
        "x > 0 and loud → loud",
        "x > 0 → x >= 0",
        "x > 0 → x <= 0",
        "'it is ' → 'XXit is '",
        "print(f'it is {x}') → pass",
        "for _ in x: → for _ in ():",
        "continue → break",
        "x -= 2 → x += 2",
        "x -= 2 → x = 2",
        "x -= 2 → pass",
        "x.max → x.min",
        "x.max() / 2 → x.max() * 2",
        "return x.max() / 2 → return",
    ],
)
def test_each_careless_change_is_tried(change: str) -> None:
    assert change in changes()


def test_annotations_docstrings_and_module_constants_are_left_alone() -> None:
    assert not [change for change in changes() if "text" in change]
    assert not [change for change in changes() if "Return x" in change]
    assert "3 → 4" not in changes()
    assert "None → 0" not in changes()


def test_a_mutant_says_where_it_is() -> None:
    (mutant,) = [m for m in mutants(SOURCE) if m.change == "continue → break"]
    assert (mutant.number, mutant.line) == (12, "half: continue")
