"""The checker of outputs notices what differs in meaning, and nothing else."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from softmax_lib.download import FILE_SHA256, FOLDER
from tools.checker.chapters import chosen_data_set, machine_paths
from tools.checker.compare import compare_outputs, read_check, report
from tools.checker.prose import computed_numbers, unsupported_numbers
from tools.checker.record import keep_recorded

TIMING = {
    "pattern": r"took (\S+) s",
    "at_least": 0.001,
    "at_most": 2.0,
    "reason": "a timing",
}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(data, metadata=None):
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(
        buffer, format="png", compress_level=1
    )
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def picture(pixels, alt="Ten templates."):
    data = {"image/png": png(pixels), "text/plain": alt}
    return display(data, {"image/png": {"alt": alt, "width": 700}})


def differ(old, new, check=None):
    return bool(compare_outputs([stream(old)], [stream(new)], check))


@pytest.fixture
def templates():
    """Ten smooth templates of 96 x 96 pixels, in two rows of five."""
    corners = np.random.default_rng(0).integers(60, 200, size=(20, 50, 3))
    return np.kron(corners, np.ones((9, 9, 1))).astype(np.uint8)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loss 2.367588", "loss 2.367591"),  # three units of the last digit
        ("loss 2.367588", "gain 2.367588"),
        ("loss 2.367588", "loss 2.36759"),  # fewer decimals
        ("loss 0.35", "loss 0.350"),
        ("loss 2.367588", "loss -2.367588"),
        ("0.352", "0.354"),
        ("(49000, 3073)", "(49000, 3072)"),
        ("49,000 images", "49,001 images"),
        ("[0. 1. 0.]", "[0. 0. 1.]"),  # NumPy's whole numbers
        ("learning rate 1e-07", "learning rate 2e-07"),
        ("error 1.10e-09", "error 1.10e-08"),
        ("12.5 %", "12.5"),
        ("loss nan", "loss 2.3"),
        ("loss inf", "loss -inf"),
        ("float32", "float64"),
        ("a 1.5\nb 2.5\n", "b 2.5\na 1.5\n"),
        ("one\n", "one\ntwo\n"),
        ("one\ntwo\n", "one\n"),
        ("for x:\n    y", "for x:\n  y"),
        ("0.123456789012345", "0.123459999012345"),
        ("3.0", "0.30000000000000004"),
        ("iteration 100 / 1500", "iteration 100 / 1600"),
        ("3-4", "3-5"),
        ("loss 2.06e-09", "loss 0.00e+00"),  # zero agrees with zero alone
        ("loss 0.00e+00", "loss 2.06e-09"),
        ("loss 2.06e-09", "loss 0.01e+00"),  # within a unit of another exponent
        ("affected 0.0", "affected 0.1"),
        ("affected 0.0", "affected -0.1"),
        ("0.0", "2.220446049250313e-16"),
        ("error 9.95e-10", "error 1.00e-09"),  # five units of the smaller one
        ("loss 21.3", "loss 21,3"),
        ("loss 21.3", "loss ٢١.٣"),
        ("loss 21.3", "loss ２１.３"),
        ("of 500", "of ５００"),
        ("1,505.25", "1505.25"),
        ("a change of +0.0028", "a change of 0.0028"),
        ("a change of -0.0028", "a change of −0.0028"),
        ("1.10e-09", "1.10E-09"),
        ("1.10e-09", "1.10e-9"),
        ("1.10e+09", "1.10e09"),
        ("off by 1.25", "off by 01.25"),
        ("a share of 0.25", "a share of .250"),
    ],
)
def test_a_change_of_meaning_is_noticed(old, new):
    assert differ(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loss 2.367588", "loss 2.367589"),
        ("loss 774.612345", "loss 774.612999"),  # less than a relative 1e-6
        ("error 1.10e-09", "error 1.11e-09"),
        ("error 9.99e-10", "error 1.00e-09"),
        ("gradient -0.000000", "gradient 0.000000"),
        ("table\n   9.99  cat", "table\n  10.00  cat"),
        ("0.30000000000000004", "0.3"),  # printed in full: decimals are an accident
        ("0.1234567890123456", "0.12345678901234561"),
        ("scores [0.12 0.25]", "scores [0.12 0.26]"),
        ("a change of +0.0000", "a change of -0.0000"),
        ("999.99 dollars", "1,000.00 dollars"),
        ("9.999999999999999e-05", "0.0001"),
    ],
)
def test_the_last_digit_and_its_padding_are_not_noticed(old, new):
    assert not differ(old, new)


@pytest.mark.parametrize(
    ("old", "new"), [("rate 0.9", "rate 1.0"), ("rate 1.0", "rate 0.9")]
)
def test_a_number_that_the_code_writes_is_a_label_and_must_stay(old, new):
    outputs = [stream(old)], [stream(new)]
    assert not compare_outputs(*outputs)
    assert not compare_outputs(*outputs, source="rate = 0.95")
    assert compare_outputs(*outputs, source="for rate in (0.25, 0.9, 1.1):")
    allowed = {"atol": 0.1, "reason": "a few images change sides"}
    assert not compare_outputs(*outputs, allowed, source="rate = 0.9")


def test_a_cell_may_widen_its_tolerance_with_a_reason():
    check = {"atol": 0.05, "reason": "long training amplifies rounding"}
    assert not differ("accuracy 0.352", "accuracy 0.390", check)
    assert differ("accuracy 0.352", "accuracy 0.410", check)
    assert differ("accuracy 0.352 of 1000", "accuracy 0.352 of 1001", check)
    assert not differ("gap 0.0000", "gap 0.0400", check)
    assert differ("gap 0.0000", "gap 0.0600", check)


@pytest.mark.parametrize(
    "check",
    [
        {"rtol": 0.1},
        {"rtol": 0.1, "reason": " "},
        {"tolerance": 0.1, "reason": "why"},
        {"reason": "why"},
        {"varies": [{**TIMING, "reason": ""}]},
        {"varies": [{"pattern": r"(\d+)", "at_most": 1, "reason": "why"}]},
        {"varies": [{"pattern": r"(\d+)", "at_least": 1, "reason": "why"}]},
        {"varies": [{**TIMING, "at_most": float("inf")}]},
        {"varies": [{**TIMING, "at_most": float("nan")}]},
        {"varies": [{**TIMING, "at_least": "0.1"}]},
        {"varies": [{**TIMING, "at_least": 3}]},
        {"varies": [{**TIMING, "pattern": r"\d+"}]},
    ],
)
def test_an_allowance_without_reason_bound_or_meaning_is_refused(check):
    with pytest.raises(ValueError, match=r"check|reason|bound|group"):
        read_check(check)


def test_a_timing_may_vary_within_its_bound_and_nothing_else_may():
    check = {"varies": [TIMING]}
    assert not differ("it took 0.1247 s for 500", "it took 1.9000 s for 500", check)
    assert differ("it took 0.1247 s for 500", "it took 2.1000 s for 500", check)
    assert differ("it took 2.1000 s for 500", "it took 0.1247 s for 500", check)
    assert differ("it took 0.1247 s for 500", "it took 0.1247 s for 501", check)
    assert differ("it took 0.1247 s for 500", "it took nan s for 500", check)
    assert differ("it took 0.1247 s for 500", "it took long s for 500", check)


@pytest.mark.parametrize(
    "number",
    [
        "00.1247",
        "0.0000",
        "-1.2000",
        "1e99",
        "1,2470",
        "٠.١٢٤٧",
        "0.12",
        "+0.1247",
        "1_0.0000",
    ],
)
def test_what_varies_stays_a_number_of_its_form(number):
    new = f"it took {number} s for 500"
    assert differ("it took 0.1247 s for 500", new, {"varies": [TIMING]})


def test_a_rule_that_matches_nothing_is_itself_a_difference():
    assert differ("no time here", "no time here", {"varies": [TIMING]})


def test_a_missing_added_or_other_output_is_noticed():
    one, two = stream("one\n"), display({"text/plain": "two"})
    assert compare_outputs([one, two], [one])
    assert compare_outputs([one], [one, two])
    assert compare_outputs([one, two], [two, one])
    assert compare_outputs([one], [stream("one\n", name="stderr")])
    result = {**two, "output_type": "execute_result", "execution_count": 1}
    assert compare_outputs([two], [result])


def test_a_stream_in_pieces_is_the_same_stream():
    pieces = [stream("loss 2."), stream("3\nend\n")]
    assert not compare_outputs([stream("loss 2.3\nend\n")], pieces)


def test_a_text_keeps_its_place_before_or_after_a_figure():
    text, figure = stream("two\n"), display({"text/plain": "a figure"})
    recorded = [stream("one\n"), figure, text]
    assert compare_outputs(recorded, [stream("one\n"), text, figure])
    assert compare_outputs(recorded, [stream("one\ntwo\n"), figure])
    pieces = [stream("tw"), stream("o\n")]
    assert not compare_outputs(recorded, [stream("one\n"), figure, *pieces])


@pytest.mark.parametrize("kept", [0, 4, 40, 0.5, 0.99, -4])
def test_an_empty_or_cut_picture_is_a_difference(templates, kept):
    whole = base64.b64decode(png(templates))
    cut = whole[: int(kept * len(whole)) if isinstance(kept, float) else kept]
    new = picture(templates)
    new["data"]["image/png"] = base64.b64encode(cut).decode("ascii")
    [found] = compare_outputs([picture(templates)], [new])
    assert "expected a picture, got data that is no whole PNG" in str(found)


def test_the_line_ends_of_a_base64_text_are_not_noticed(templates):
    new = picture(templates)
    encoded = base64.encodebytes(base64.b64decode(new["data"]["image/png"]))
    new["data"]["image/png"] = encoded.decode("ascii")
    assert not compare_outputs([picture(templates)], [new])


def test_a_lost_representation_is_noticed():
    both = display({"text/plain": "a", "text/html": "<b>a</b>"})
    assert compare_outputs([both], [display({"text/plain": "a"})])


def film(pixels):
    html = f'<script>{{"film": "data:image/png;base64,{png(pixels)}"}}</script>'
    return [display({"text/html": html, "text/plain": "A film."})]


def test_a_picture_in_html_may_move_by_one_level_in_few_places(templates):
    nudged, far, many = (templates.copy() for _ in range(3))
    nudged[::16, ::16] += 8
    far[5, 5] += 16
    many[::8] += 8
    assert not compare_outputs(film(templates), film(nudged))
    for other in (far, many, templates[:-1], templates[::-1]):
        assert compare_outputs(film(templates), film(other))


def test_what_is_no_picture_inside_html_is_a_difference(templates):
    old = film(templates)
    new = [display({**old[0]["data"]})]
    new[0]["data"]["text/html"] = re.sub(
        "base64,.{40}", "base64,", film(templates)[0]["data"]["text/html"]
    )
    assert "expected shape" in str(compare_outputs(old, new)[0])


def test_numbers_beside_a_film_are_compared_and_support_no_prose(templates):
    old, new = film(templates), film(templates)
    for outputs, number in ((old, "2.303"), (new, "2.306")):
        html = outputs[0]["data"]["text/html"]
        outputs[0]["data"]["text/html"] = html.replace("film", f"loss {number}")
    assert "2.303 became 2.306" in str(compare_outputs(old, new)[0])
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.from_dict(old[0])])
    assert computed_numbers([cell]) == [1]


def test_html_cells_are_compared_as_numbers_and_tags_as_they_are():
    table = "<tr><td>cat</td><td>0.352</td></tr>"

    def found(other):
        return compare_outputs(
            [display({"text/html": table})], [display({"text/html": other})]
        )

    assert not found(table.replace("0.352", "0.353"))
    assert found(table.replace("0.352", "0.354"))
    assert found(table.replace("cat", "dog"))
    assert found(table.replace("td>", "th>"))


def test_the_name_and_message_of_an_exception_are_compared():
    def error(message, name="ValueError"):
        return {
            "output_type": "error",
            "ename": name,
            "evalue": message,
            "traceback": ["differs"],
        }

    old = error("W has 3072 rows")
    assert not compare_outputs([old], [{**old, "traceback": ["from elsewhere"]}])
    assert compare_outputs([old], [error("W has 3073 rows")])
    assert compare_outputs([old], [error("W has 3072 rows", name="TypeError")])


def test_a_picture_with_faint_noise_is_the_same_picture(templates):
    noise = np.random.default_rng(1).integers(-20, 21, size=templates.shape)
    assert not compare_outputs([picture(templates)], [picture(templates + noise)])


def test_a_swapped_template_is_noticed(templates):
    swapped = templates.copy()
    swapped[:90, :90], swapped[:90, 90:180] = (
        templates[:90, 90:180],
        templates[:90, :90],
    )
    assert compare_outputs([picture(templates)], [picture(swapped)])


def test_a_patch_of_one_percent_is_noticed_wherever_it_lies(templates):
    height, width, _ = templates.shape
    side = round((0.01 * height * width) ** 0.5)
    rng = np.random.default_rng(2)
    for _ in range(20):
        row, column = rng.integers(height - side), rng.integers(width - side)
        patched = templates.copy()
        patched[row : row + side, column : column + side] = 255
        assert compare_outputs([picture(templates)], [picture(patched)])


def test_a_picture_of_another_size_is_noticed(templates):
    [found] = compare_outputs([picture(templates)], [picture(templates[1:])])
    assert "450 x 180 pixels" in str(found)
    assert "450 x 179 pixels" in str(found)


def test_a_lost_or_changed_alternative_text_is_noticed(templates):
    old = picture(templates)
    without = display({**old["data"]}, {"image/png": {"width": 700}})
    assert compare_outputs([old], [without])
    assert compare_outputs([old], [picture(templates, alt="Nine templates.")])


def test_a_difference_says_where_what_and_how_much():
    [found] = compare_outputs(
        [stream("two lines\nloss 2.367588\n")], [stream("two lines\nloss 2.367688\n")]
    )
    said = report([found.within("02_naive_loss, code cell 3")])
    for part in (
        "02_naive_loss, code cell 3",
        "line 2",
        "'loss 2.367588'",
        "'loss 2.367688'",
        "differ by 0.0001",
        "tolerance is 2.37e-06",
        "make record",
    ):
        assert part in said


def test_recording_keeps_the_bytes_of_what_means_the_same(templates):
    noise = np.random.default_rng(1).integers(-20, 21, size=templates.shape)
    old = [stream("loss 2.367588\n"), picture(templates)]
    new = [stream("loss 2.367589\n"), picture(np.clip(templates + noise, 0, 255))]
    assert (
        keep_recorded(old, new, read_check({"varies": [], "atol": 0, "reason": "-"}))
        == old
    )


def test_recording_writes_a_changed_label_that_passes_the_check(templates):
    labelled = templates.copy()
    labelled[4:10, 4:10] = 255
    rules = read_check({"atol": 0, "reason": "-"})
    assert not compare_outputs([picture(templates)], [picture(labelled)])
    assert keep_recorded([picture(templates)], [picture(labelled)], rules) == [
        picture(labelled)
    ]


def test_the_data_on_disk_choose_the_data_set(monkeypatch, tmp_path):
    monkeypatch.setattr("tools.checker.chapters.cache_folder", lambda: tmp_path)
    assert chosen_data_set({}) == "shapes10"
    assert chosen_data_set({"SOFTMAX_LIB_DATA": "somewhere"}) == "cifar10"
    (tmp_path / FOLDER).mkdir()
    assert chosen_data_set({}) == "shapes10"
    for name in FILE_SHA256:
        (tmp_path / FOLDER / name).touch()
    assert chosen_data_set({}) == "cifar10"
    assert chosen_data_set({"SOFTMAX_LIB_DATASET": "shapes10"}) == "shapes10"


def test_a_path_of_the_machine_is_found_and_an_address_is_not():
    assert machine_paths("File /home/ann/book/x.py, line 3")
    assert machine_paths(r"C:\Users\ann")
    assert machine_paths("ipykernel_4711")
    assert not machine_paths("see https://example.org/home/ann and 3/tmp, p_1 / p_0")
    assert not machine_paths(repr("def f(x) -> np.ndarray:\n    return x"))


@pytest.mark.parametrize(
    ("prose", "unsupported"),
    [
        ("The loss is 2.37.", []),
        ("The loss is 2.36.", ["2.36"]),
        ("The loss is 2.3676.", []),
        ("The loss is 2.36760.", ["2.36760"]),
        ("It is right in 35.2 % of them.", []),
        ("It is right in 35.3 % of them.", ["35.3 %"]),
        (r"An error of $1.1 \times 10^{-9}$.", []),
        (r"An error of $1.1 \times 10^{-8}$.", [r"1.1 \times 10^{-8"]),
        ("An error of 1.1 × 10⁻⁹ or 1.1e-9.", []),
        ("A loss of 1,505.25 and `0.77`, [in 0.77](x_0.78.html).", ["0.77"]),
        ("```{note}\nOf 0.77.\n```\n\n```python\nx = 0.78\n```\n", ["0.77"]),
    ],
)
def test_a_decimal_number_in_prose_must_round_a_computed_one(prose, unsupported):
    code = nbformat.v4.new_code_cell(
        "x = 1e-7", outputs=[stream("2.367588 0.352\n1.10e-09 1,505.25 770\n")]
    )
    assert unsupported_numbers(prose, computed_numbers([code])) == unsupported
