"""What `widgets` writes into a page: text that a script reads, the same each time."""

import base64
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from softmax_lib.widgets import NOTE, live_figure, sprite_sheet

PICTURES = np.random.default_rng(0).integers(256, size=(3, 2, 5, 4, 3), dtype=np.uint8)


def pixels(address: str) -> np.ndarray:
    start, _, picture = address.partition(",")
    assert start == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def test_the_data_are_json_with_four_decimals() -> None:
    data = {
        "names": ["plane", 'the "car"'],
        "loss": 2.0,
        "table": [{"reg": 10000, "losses": (2.30259, np.float32(0.1))}],
        "labels": np.array([2, 0]),
        "W": np.array([[1.0, -0.00001]]),
    }
    text = live_figure("tuning", **data).data
    assert json.loads(text) == {
        "names": ["plane", 'the "car"'],
        "loss": 2.0,
        "table": [{"reg": 10000, "losses": [2.3026, 0.1]}],
        "labels": [2, 0],
        "W": [[1.0, -0.0]],
    }
    assert '"loss": 2.0000' in text
    assert '"W": [[1.0000, -0.0000]]' in text


def test_the_data_stand_in_the_page_and_cannot_end_their_script() -> None:
    figure = live_figure("softmax", name="</script><b>")
    assert "<" not in figure.data
    html = figure._repr_html_()
    start, script = html.split('<script type="application/json">')
    assert start == (f'<div class="live-figure" data-figure="softmax"><p>{NOTE}</p>\n')
    assert json.loads(script.removesuffix("</script></div>")) == {
        "name": "</script><b>"
    }


def test_letters_beyond_ascii_stay_readable() -> None:
    assert '"name": "2 × μ"' in live_figure("softmax", name="2 × μ").data


def test_without_scripts_one_sentence_is_shown() -> None:
    figure = live_figure("softmax", scores=[1.0])
    assert repr(figure) == NOTE
    assert f"<p>{NOTE}</p>" in figure._repr_html_()


@pytest.mark.parametrize("value", [np.nan, [1.0, -np.inf], np.array([np.inf])])
def test_a_number_that_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(
        ValueError, match=r"^data must hold finite numbers, but it holds \S+[nf]\.$"
    ):
        live_figure("softmax", scores=value)


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(TypeError, match=r"data must hold .* it holds a set"):
        live_figure("softmax", scores={1, 2})


def test_a_sprite_sheet_has_its_frames_in_a_column_in_32_levels() -> None:
    sheet = pixels(sprite_sheet(PICTURES))
    assert sheet.shape == (3 * 5, 2 * 4, 3)
    for frame, j in np.ndindex(3, 2):
        shown = sheet[5 * frame : 5 * frame + 5, 4 * j : 4 * j + 4].astype(int)
        below = PICTURES[frame, j] - shown
        assert below.min() >= 0
        assert below.max() < 8
    assert set(np.unique(sheet)) <= set(range(0, 256, 8))


def test_a_sprite_sheet_is_the_same_each_time() -> None:
    before = PICTURES.copy()
    assert sprite_sheet(PICTURES) == sprite_sheet(PICTURES)
    np.testing.assert_array_equal(PICTURES, before)


def test_no_sprite_sheet_is_refused() -> None:
    message = (
        "pictures must be a non-empty array of shape (frames, C, height, width, 3), "
        "but it is an array of shape (2, 5, 4, 3)."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sprite_sheet(PICTURES[0])
    with pytest.raises(ValueError, match=r"^pictures must be a non-empty array"):
        sprite_sheet(PICTURES[:0])
    with pytest.raises(ValueError, match=r"^pictures must .* 2"):
        sprite_sheet(PICTURES[..., :2])
    with pytest.raises(
        TypeError, match=r"^pictures must hold uint8, but .* float64\.$"
    ):
        sprite_sheet(PICTURES / 255)
