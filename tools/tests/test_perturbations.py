"""Whatever is changed in a recorded output at random, the checker notices.

Each perturbation is made with plain means (regular expressions, pixels), not with the
checker's own, on copies of what the chapters recorded on both data sets.
"""

import base64
import copy
import functools
import itertools
import re
from decimal import Decimal

import nbformat
import numpy as np
import pytest

from tools.checker.chapters import DATA_SETS, NOTEBOOKS
from tools.checker.compare import compare_outputs, pixels
from tools.checker.recordings import read_recorded
from tools.tests.test_checker import png

DECIMAL = re.compile(r"(?<![\w.])(\d+\.\d+)(e[-+]\d+)?(?![\w.]*\d)")
TEMPLATES = "The weights of each class as a picture"
FILM = re.compile(r"(?<=data:image/png;base64,)[^\"]+")
TRIES = 6  # of each kind, in each recording


@functools.cache
def recorded_cells(chapter, data_set):
    cells = read_recorded(chapter, data_set).cells
    return [cell for cell in cells if cell.get("outputs")]


def texts_of(outputs):
    """The texts of the outputs: each with the mapping and the key that hold it."""
    holders = []
    for output in outputs:
        if output["output_type"] == "stream":
            holders.append((output, "text"))
        elif output["output_type"] == "error":
            holders.append((output, "evalue"))
        else:
            data = output["data"]
            holders += [(data, kind) for kind in data if kind.startswith("text/")]
            holders += [(image, "alt") for image in output["metadata"].values()]
    return holders


def varying_spans(cell, text):
    """Where the numbers stand that may vary, and the pictures inside a text."""
    rules = cell.metadata.get("check", {}).get("varies", [])
    return [match.span() for match in FILM.finditer(text)] + [
        match.span(1)
        for rule in rules
        for match in re.finditer(rule["pattern"], text, re.MULTILINE)
    ]


def choose_match(pattern, cell, outputs, rng):
    """A random match of a pattern outside what may vary, and what holds its text."""
    matches = []
    for holder, key in texts_of(outputs):
        spans = varying_spans(cell, holder[key])
        matches += [
            (holder, key, match)
            for match in re.finditer(pattern, holder[key])
            if not any(a < match.end() and match.start() < b for a, b in spans)
        ]
    return matches[rng.integers(len(matches))] if matches else None


def replace_match(holder, key, match, text):
    holder[key] = holder[key][: match.start()] + text + holder[key][match.end() :]


def shift_number(cell, outputs, rng, units):
    """Add to a random decimal number a multiple of its tolerance."""
    chosen = choose_match(DECIMAL, cell, outputs, rng)
    if chosen is None:
        return False
    holder, key, match = chosen
    mantissa, exponent = Decimal(match[1]), match[2] or ""
    check = cell.metadata.get("check", {})
    unit = Decimal(1).scaleb(mantissa.as_tuple().exponent)
    rtol = Decimal(str(check.get("rtol", "1e-6")))
    atol = Decimal(str(check.get("atol", 0))).scaleb(-int(exponent[1:] or 0))
    step = units * max(unit, rtol * mantissa, atol)
    if units < 1:
        step = step.quantize(unit, rounding="ROUND_DOWN")
    shifted = mantissa + step.quantize(unit)
    if exponent and shifted >= 10:
        shifted = mantissa - step.quantize(unit)
    replace_match(holder, key, match, f"{shifted}{exponent}")
    return True


def change_number(cell, outputs, rng):
    return shift_number(cell, outputs, rng, Decimal(int(rng.integers(3, 30))))


def change_integer(cell, outputs, rng):
    chosen = choose_match(r"(?<![\w.])\d+(?![\w.]*\d|e[-+])", cell, outputs, rng)
    if chosen is None:
        return False
    holder, key, match = chosen
    replace_match(holder, key, match, str(int(match[0]) + int(rng.integers(1, 9))))
    return True


def change_word(cell, outputs, rng):
    chosen = choose_match(r"[A-Za-z]{3,}", cell, outputs, rng)
    if chosen is None:
        return False
    holder, key, match = chosen
    letters = list(match[0])
    letters[rng.integers(len(letters))] = "q" if "q" not in letters else "zz"
    replace_match(holder, key, match, "".join(letters))
    return True


def swap_rows(cell, outputs, rng):
    candidates = []
    for holder, key in texts_of(outputs):
        lines = holder[key].split("\n")
        words = [re.sub(r"\d+\.\d+", "", line).split() for line in lines]
        candidates += [
            (holder, key, lines, i, j)
            for i, j in itertools.combinations(range(len(lines)), 2)
            if words[i] != words[j]
        ]
    if not candidates:
        return False
    holder, key, lines, i, j = candidates[rng.integers(len(candidates))]
    lines[i], lines[j] = lines[j], lines[i]
    holder[key] = "\n".join(lines)
    return True


def pictures_of(outputs):
    return [
        output["data"] for output in outputs if "image/png" in output.get("data", {})
    ]


def patch_picture(cell, outputs, rng):
    """Shift the colours of a square of one percent of a picture."""
    pictures = pictures_of(outputs)
    if not pictures:
        return False
    data = pictures[rng.integers(len(pictures))]
    picture = pixels(base64.b64decode(data["image/png"]))
    height, width, _ = picture.shape
    side = round((0.01 * height * width) ** 0.5)
    row, column = rng.integers(height - side), rng.integers(width - side)
    patch = picture[row : row + side, column : column + side, :3]
    patch[:] = (patch + 128) % 256
    data["image/png"] = png(picture)
    return True


def films_of(outputs):
    """The pictures inside HTML texts: what holds each, and where it stands there."""
    return [
        (output["data"], match)
        for output in outputs
        for match in FILM.finditer(output.get("data", {}).get("text/html", ""))
    ]


def change_film(change):
    """Change the pixels of a random film; the change says False if it cannot."""

    def changed(cell, outputs, rng):
        films = films_of(outputs)
        if not films:
            return False
        holder, match = films[rng.integers(len(films))]
        picture = pixels(base64.b64decode(match[0]))
        change(picture, rng)
        replace_match(holder, "text/html", match, png(picture))
        return True

    changed.__name__ = change.__name__
    return changed


@change_film
def swap_frames(picture, rng):
    """Swap a frame of a film, a row of pictures of 32 x 32 pixels, with the next."""
    top = 32 * rng.integers(picture.shape[0] // 32 - 1)
    frames = picture[top : top + 64].copy()
    picture[top : top + 64] = np.roll(frames, 32, axis=0)


@change_film
def swap_pictures_of_frame(picture, rng):
    """Swap two pictures of a frame that are side by side."""
    top = 32 * rng.integers(picture.shape[0] // 32)
    left = 32 * rng.integers(picture.shape[1] // 32 - 1)
    window = picture[top : top + 32, left : left + 64]
    window[:] = np.roll(window.copy(), 32, axis=1)


@change_film
def darken_one_pixel(picture, rng):
    """Move one pixel by two levels."""
    row, column = (rng.integers(side) for side in picture.shape[:2])
    picture[row, column, :3] += np.where(picture[row, column, :3] < 128, 16, -16)


def zero_number(pattern):
    """Zero a random number that matches; what the cell takes for zero is left out."""

    def zeroed(cell, outputs, rng):
        atol = Decimal(str(cell.metadata.get("check", {}).get("atol", 0)))
        chosen = choose_match(pattern, cell, outputs, rng)
        if chosen is None or Decimal(chosen[2][0]) <= atol:
            return False
        holder, key, match = chosen
        mantissa, letter, exponent = match[0].partition("e")
        zeros = re.sub(r"\d", "0", mantissa + letter + exponent)
        replace_match(holder, key, match, zeros.replace("e-", "e+"))
        return True

    return zeroed


zero_decimal = zero_number(DECIMAL)
zero_scientific = zero_number(r"(?<![\w.])\d+\.\d+e[-+]\d+")


def choose_varying(cell, outputs, rng):
    """A random number that may vary, its rule, and what holds its text."""
    found = [
        (holder, key, match, rule)
        for rule in cell.metadata.get("check", {}).get("varies", [])
        for holder, key in texts_of(outputs)
        for match in re.finditer(rule["pattern"], holder[key], re.MULTILINE)
    ]
    return found[rng.integers(len(found))] if found else None


def replace_varying(holder, key, match, text):
    start, end = match.span(1)
    holder[key] = f"{holder[key][:start]}{text}{holder[key][end:]}"


def redraw_varying(new_number):
    """Put another number in the place of a random one that may vary."""

    def redrawn(cell, outputs, rng):
        if (chosen := choose_varying(cell, outputs, rng)) is None:
            return False
        *place, rule = chosen
        replace_varying(*place, like(place[2][1], new_number(rule)))
        return True

    return redrawn


def like(old, value):
    """A number written as another one is."""
    decimals = len(old.split("e")[0].partition(".")[2])
    sign, comma = "+" if old[0] == "+" else "", "," if "," in old else ""
    return f"{value:{sign}{comma}.{decimals}{'e' if 'e' in old else 'f'}}"


vary_too_high = redraw_varying(lambda rule: 20 * abs(rule["at_most"]) + 2)
vary_too_low = redraw_varying(
    lambda rule: (
        -2 - 20 * abs(rule["at_least"])
        if rule["at_least"] <= 0.05
        else rule["at_least"] / 20
    )
)
vary_to_minus = redraw_varying(lambda rule: -3 * abs(rule["at_most"]) - 1)


def rewrite_varying(rewrite):
    """Write a random number that may vary, and has decimals, in another way."""

    def rewritten(cell, outputs, rng):
        chosen = choose_varying(cell, outputs, rng)
        if chosen is None or rewrite(chosen[2][1]) == chosen[2][1]:
            return False
        *place, _ = chosen
        replace_varying(*place, rewrite(place[2][1]))
        return True

    return rewritten


def rewrite_number(rewrite):
    """Write a random decimal number in another way."""

    def rewritten(cell, outputs, rng):
        if (chosen := choose_match(DECIMAL, cell, outputs, rng)) is None:
            return False
        replace_match(*chosen, rewrite(chosen[2][0]))
        return True

    return rewritten


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def in_arabic_digits(number):
    return number.translate(ARABIC)


def in_wide_digits(number):
    return number.translate(FULL_WIDTH)


def with_decimal_comma(number):
    return number.replace(".", ",")


REWRITTEN = {
    f"{way.__name__}_{what}": kind(way)
    for way in (in_arabic_digits, in_wide_digits, with_decimal_comma)
    for what, kind in (("number", rewrite_number), ("varying", rewrite_varying))
}


def cut_picture(cell, outputs, rng):
    """Cut a picture's file somewhere, or leave nothing of it."""
    pictures = pictures_of(outputs)
    if not pictures:
        return False
    data = pictures[rng.integers(len(pictures))]
    picture = base64.b64decode(data["image/png"])
    kept = int(rng.choice([0, 8, rng.integers(len(picture)), len(picture) - 1]))
    data["image/png"] = base64.b64encode(picture[:kept]).decode("ascii")
    return True


def move_text(cell, outputs, rng):
    """Let a text that comes before a figure come after it."""
    if len({output["output_type"] for output in outputs}) < 2:
        return False
    outputs.append(outputs.pop(0))
    return True


def part_text(cell, outputs, rng):
    """Let the last line that comes before a figure come after it."""
    first, *others = outputs
    lines = first.get("text", "").splitlines(keepends=True)
    if not others or len(lines) < 2:
        return False
    first["text"] = "".join(lines[:-1])
    outputs.append(nbformat.from_dict({**first, "text": lines[-1]}))
    return True


def remove_output(cell, outputs, rng):
    del outputs[rng.integers(len(outputs))]
    return True


def add_output(cell, outputs, rng):
    text = {"output_type": "stream", "name": "stdout", "text": "one line more\n"}
    outputs.insert(rng.integers(len(outputs) + 1), nbformat.from_dict(text))
    return True


KINDS = {
    **{
        kind.__name__: kind
        for kind in (
            change_number,
            change_integer,
            change_word,
            swap_rows,
            patch_picture,
            cut_picture,
            move_text,
            part_text,
            swap_frames,
            swap_pictures_of_frame,
            darken_one_pixel,
            remove_output,
            add_output,
        )
    },
    "zero_decimal": zero_decimal,
    "zero_scientific": zero_scientific,
    "vary_too_high": vary_too_high,
    "vary_too_low": vary_too_low,
    "vary_to_minus": vary_to_minus,
    **REWRITTEN,
}


RECORDINGS = list(itertools.product(NOTEBOOKS, DATA_SETS))
each_recording = pytest.mark.parametrize(
    ("chapter", "data_set"), RECORDINGS, ids=lambda part: getattr(part, "stem", part)
)


def perturb_all(chapter, data_set, kinds):
    """Yield each perturbation of a recording, with the cell it was made in."""
    rng = np.random.default_rng(7)
    cells = recorded_cells(chapter, data_set)
    for name, kind in kinds.items():
        order = rng.permutation(np.resize(np.arange(len(cells)), 10 * TRIES))
        made = 0
        for cell in (cells[number] for number in order):
            if made == TRIES:
                break
            outputs = copy.deepcopy(cell.outputs)
            if kind(cell, outputs, rng):
                made += 1
                yield name, cell, outputs


@functools.cache
def made_and_unnoticed(chapter, data_set):
    """The kinds of perturbation that were made, and those that nobody notices."""
    made, unnoticed = [], []
    for kind, cell, outputs in perturb_all(chapter, data_set, KINDS):
        made.append(kind)
        if not compare_outputs(cell.outputs, outputs, cell.metadata.get("check")):
            unnoticed.append((kind, cell.source, outputs))
    return made, unnoticed


@each_recording
def test_every_perturbation_is_noticed(chapter, data_set):
    _, unnoticed = made_and_unnoticed(chapter, data_set)
    assert unnoticed == []


def test_at_least_two_hundred_perturbations_are_made():
    made = [kind for each in RECORDINGS for kind in made_and_unnoticed(*each)[0]]
    assert len(made) >= 200
    assert set(made) == set(KINDS)


def nudge_number(cell, outputs, rng):
    return shift_number(cell, outputs, rng, Decimal("0.999"))


def redraw_varying_number(cell, outputs, rng):
    """Move a random number that may vary by a little, away from the nearer bound."""
    if (chosen := choose_varying(cell, outputs, rng)) is None:
        return False
    *place, rule = chosen
    old = place[2][1]
    value = float(old.replace(",", ""))
    low, high = rule["at_least"], rule["at_most"]
    room = {
        factor * value: min(factor * value - low, high - factor * value)
        for factor in (0.9, 1.1)
    }
    replace_varying(*place, like(old, max(room, key=room.get)))
    return True


def add_noise(cell, outputs, rng):
    pictures = pictures_of(outputs)
    for data in pictures:
        picture = pixels(base64.b64decode(data["image/png"]))
        noise = rng.integers(-8, 9, size=picture.shape)
        data["image/png"] = png(np.clip(picture + noise, 0, 255))
    return bool(pictures)


@change_film
def nudge_film(picture, rng):
    """Move one pixel in five hundred by one level."""
    row, column = (rng.integers(side, size=20) for side in picture.shape[:2])
    colours = picture[row, column, :3]
    picture[row, column, :3] += np.where(colours < 128, 8, -8)


def cut_stream(cell, outputs, rng):
    for position, output in enumerate(outputs):
        if output["output_type"] == "stream":
            cut = int(rng.integers(len(output["text"]) + 1))
            halves = output["text"][:cut], output["text"][cut:]
            outputs[position : position + 1] = [
                {**output, "text": half} for half in halves
            ]
            return True
    return False


@each_recording
def test_what_lies_below_tolerance_is_not_noticed(chapter, data_set):
    below = (nudge_number, redraw_varying_number, add_noise, nudge_film, cut_stream)
    kinds = {kind.__name__: kind for kind in below}
    for kind, cell, outputs in perturb_all(chapter, data_set, kinds):
        check = cell.metadata.get("check")
        found = compare_outputs(cell.outputs, outputs, check)
        assert not found, (kind, cell.source, found)


@each_recording
def test_any_two_templates_swapped_are_noticed(chapter, data_set):
    figures = [
        output
        for cell in recorded_cells(chapter, data_set)
        for output in cell.outputs
        if output.get("data", {}).get("text/plain", "").startswith(TEMPLATES)
    ]
    for figure in figures:
        picture = pixels(base64.b64decode(figure["data"]["image/png"]))
        for (a, b), (c, d) in itertools.combinations(np.ndindex(2, 5), 2):
            swapped = copy.deepcopy(figure)
            swapped["data"]["image/png"] = png(swap(picture, (a, b), (c, d)))
            assert compare_outputs([figure], [swapped]), (chapter.stem, (a, b), (c, d))


def swap(picture, first, second):
    """Swap two of the pictures of a figure of two rows of five, not their titles."""
    row_height, side = picture.shape[0] // 2, picture.shape[1] // 5
    windows = [
        (
            slice((row + 1) * row_height - side, (row + 1) * row_height),
            slice(column * side, (column + 1) * side),
        )
        for row, column in (first, second)
    ]
    swapped = picture.copy()
    swapped[windows[0]], swapped[windows[1]] = picture[windows[1]], picture[windows[0]]
    return swapped


def settings_of(text):
    """Where the numbers below a column called reg stand."""
    end, position = None, 0
    for line in text.splitlines(keepends=True):
        if re.search(r"\breg\b", line):
            end = re.search(r"\breg\b", line).end()
        elif end and (number := re.search(r"[\d.]*\d(e-\d+)?$", line[:end])):
            yield position + number.start(), position + number.end()
        position += len(line)


@pytest.mark.parametrize("data_set", DATA_SETS)
def test_a_setting_is_no_measurement(data_set):
    changed = 0
    for chapter in NOTEBOOKS:
        for cell in recorded_cells(chapter, data_set):
            for number, output in enumerate(cell.outputs):
                text = output.get("data", {}).get("text/plain", "")
                for start, end in settings_of(text):
                    other = copy.deepcopy(cell.outputs)
                    digit = text[end - 1]
                    wrong = text[: end - 1] + str((int(digit) + 1) % 10) + text[end:]
                    other[number]["data"]["text/plain"] = wrong
                    check = cell.metadata.get("check")
                    assert compare_outputs(cell.outputs, other, check), (start, text)
                    changed += 1
    assert changed > 70
