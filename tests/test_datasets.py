import codecs
import errno
import hashlib
import os
import pickle
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softmax_lib import datasets, download, shapes10
from softmax_lib.__main__ import main
from tests import fake_cifar10

OPTIONS = ("SOFTMAX_LIB_DATA", "SOFTMAX_LIB_DATASET")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The seven files, small ones, taken for the official ones."""
    monkeypatch.setattr(download, "FILE_SHA256", fake_cifar10.digests())
    return fake_cifar10.write_folder(tmp_path)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data, an empty cache, and no way to the archive."""
    for option in OPTIONS:
        monkeypatch.delenv(option, raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setattr(datasets, "cache_folder", lambda: cache)
    monkeypatch.setattr(download, "ARCHIVE_URL", "http://127.0.0.1:1/archive")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    small = shapes10.generate(num_train=20, num_test=10)
    monkeypatch.setattr(shapes10, "generate", lambda: small)
    return cache


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOFTMAX_LIB_DATASET", raising=False)
    monkeypatch.setenv("SOFTMAX_LIB_DATA", str(folder))


# Reading the official files


def test_each_pixel_and_label_comes_to_its_place(folder: Path) -> None:
    X_train, y_train, X_test, y_test = datasets.load_CIFAR10(folder)
    assert (X_train.shape, X_train.dtype) == ((50, 32, 32, 3), np.uint8)
    assert (y_train.dtype, y_test.dtype) == (np.int64, np.int64)
    *train, test = fake_cifar10.batches().values()
    assert y_train.tolist() == [label for batch in train for label in batch[b"labels"]]
    assert y_test.tolist() == test[b"labels"]
    for row, column, channel in ((0, 0, 0), (0, 31, 1), (31, 0, 2), (7, 12, 1)):
        place = 1024 * channel + 32 * row + column
        pixels = np.concatenate([batch[b"data"][:, place] for batch in train])
        np.testing.assert_array_equal(X_train[:, row, column, channel], pixels)
        pixels = test[b"data"][:, place]
        np.testing.assert_array_equal(X_test[:, row, column, channel], pixels)


def test_the_folder_that_holds_the_folder_will_do(folder: Path) -> None:
    inner, outer = datasets.load_CIFAR10(folder), datasets.load_CIFAR10(folder.parent)
    np.testing.assert_array_equal(inner[0], outer[0])


def test_the_users_home_may_be_written_as_a_tilde(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    assert len(datasets.load_CIFAR10(f"~/{folder.name}")[0]) == 50


def test_a_missing_folder_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"nowhere': expected .* does not exist\. .*data fetch$"
    ):
        datasets.load_CIFAR10(tmp_path / "nowhere")


def test_a_missing_file_is_refused_by_name(folder: Path) -> None:
    (folder / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match="it lacks data_batch_4"):
        datasets.load_CIFAR10(folder)


def altered(data: bytes) -> bytes:
    return data[:2000] + bytes([data[2000] ^ 1]) + data[2001:]


def truncated(data: bytes) -> bytes:
    return data[:-1]


@pytest.mark.parametrize("damage", [altered, truncated])
@pytest.mark.parametrize("name", ["data_batch_3", "test_batch"])
def test_a_damaged_file_is_refused_before_it_is_opened(
    folder: Path,
    name: str,
    damage: Callable[[bytes], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    opened: list[bytes] = []

    class Noting(datasets.BatchUnpickler):
        def __init__(self, file: Any, **options: Any) -> None:
            opened.append(file.getvalue())
            super().__init__(file, **options)

    monkeypatch.setattr(datasets, "BatchUnpickler", Noting)
    with pytest.raises(
        ValueError, match=f"{name}' is truncated or altered: expected the"
    ):
        datasets.load_CIFAR10(folder)
    assert path.read_bytes() not in opened
    assert len(opened) == {"data_batch_3": 2, "test_batch": 5}[name]


@pytest.mark.parametrize("before", [b"\n", codecs.BOM_UTF8])
def test_a_web_page_is_called_one(folder: Path, before: bytes) -> None:
    (folder / "data_batch_1").write_bytes(before + b"<!DOCTYPE html><p>503</p>")
    with pytest.raises(ValueError, match="data_batch_1' is a web page"):
        datasets.load_CIFAR10(folder)


class Call:
    """Pickled, a call of ``function``."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("function", [os.system, exec, getattr, np.load])
def test_even_an_official_file_cannot_call_a_function(
    folder: Path, monkeypatch: pytest.MonkeyPatch, function: Any, protocol: int
) -> None:
    data = pickle.dumps(Call(function, "1"), protocol=protocol)
    (folder / "data_batch_1").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    monkeypatch.setitem(download.FILE_SHA256, "data_batch_1", digest)
    with pytest.raises(pickle.UnpicklingError, match=r"^a batch may not ask for \w+\."):
        datasets.load_CIFAR10(folder)


# The search


def test_the_named_folder_comes_first(
    folder: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder.parent, monkeypatch)
    fake_cifar10.write_folder(nowhere)
    (nowhere / download.FOLDER / "data_batch_1").write_bytes(b"altered")
    data = datasets.load_dataset()
    assert data.name == "CIFAR-10"
    assert data.class_names == (
        *("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship"),
        "truck",
    )


def test_a_named_folder_without_the_data_is_an_error(
    folder: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_cifar10.write_folder(nowhere)
    use(folder.parent / "elsewhere", monkeypatch)
    with pytest.raises(FileNotFoundError, match=r"elsewhere': .* does not exist"):
        datasets.load_dataset()
    use(nowhere.parent.parent, monkeypatch)
    with pytest.raises(FileNotFoundError, match="it lacks data_batch_1"):
        datasets.load_dataset()


def holding(folder: Path, *names: str) -> Path:
    """The folder with empty files of these names."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


BAD_FOLDERS: dict[str, Callable[[Path], Path | str]] = {
    "it is empty": lambda place: holding(place / "empty"),
    "it does not exist": lambda place: place / "two\nlines",
    "it is not a folder": lambda place: holding(place / "data", "x") / "x",
    "the archive is not unpacked": lambda place: holding(
        place / "data", download.ARCHIVE
    ),
    "it does not exist. ": lambda place: f"{place}/{'long' * 1000}",
}
if os.name == "posix":  # Windows has a folder for each name
    BAD_FOLDERS["unknown user"] = lambda place: "~nouser/data"


@pytest.mark.parametrize("problem", BAD_FOLDERS)
@pytest.mark.parametrize("action", ["where", "verify"])
def test_what_is_wrong_with_a_named_folder_is_said(
    problem: str,
    action: str,
    nowhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = str(BAD_FOLDERS[problem](nowhere))
    monkeypatch.setenv("SOFTMAX_LIB_DATA", bad)
    for find in (datasets.load_dataset, datasets.data_notice):
        with pytest.raises(FileNotFoundError, match=problem):
            find()
    assert main(["data", action]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    if problem != "unknown user":
        problem = f"data_batch_1 to data_batch_5 and test_batch, but {problem}"
    assert problem in said.err
    assert f"SOFTMAX_LIB_DATA is {bad!r}: set it to" in said.err
    assert "or unset it and run: softmax-book data fetch" in said.err


@pytest.mark.parametrize("inside", [f"{download.FOLDER}/{download.FOLDER}", "cifar10"])
def test_files_that_are_one_folder_further_in_are_found(
    folder: Path, nowhere: Path, inside: str
) -> None:
    (nowhere / inside).parent.mkdir(parents=True)
    folder.rename(nowhere / inside)
    with pytest.raises(FileNotFoundError) as error:
        datasets.load_CIFAR10(nowhere)
    assert f"data_batch_1 is in {str(nowhere / inside)!r}. To dow" in str(error.value)


def test_an_empty_folder_inside_does_not_hide_the_files(folder: Path) -> None:
    (folder / download.FOLDER).mkdir()
    assert len(datasets.load_CIFAR10(folder)[0]) == 50


def test_a_directory_that_is_no_path_is_refused() -> None:
    with pytest.raises(TypeError, match=r"directory must be a path, .* is None\."):
        datasets.load_CIFAR10(None)  # type: ignore[arg-type]


def test_a_pipe_in_place_of_a_batch_is_not_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: False)  # Windows has no pipes
    monkeypatch.setattr(Path, "open", None)
    with pytest.raises(FileNotFoundError, match="it lacks data_batch_1"):
        datasets.load_CIFAR10(folder)


def test_of_a_huge_file_only_the_beginning_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (folder / "data_batch_1").stat().st_size
    monkeypatch.setattr(download, "LARGEST", size - 1)
    with pytest.raises(ValueError, match=f"but its {size} bytes have another"):
        datasets.load_CIFAR10(folder)


def deny(monkeypatch: pytest.MonkeyPatch, method: str, denied: Path) -> None:
    """Let a method of Path fail for ``denied``, for root and on Windows too."""
    true_method = getattr(Path, method)

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path == denied:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return true_method(path, *arguments, **options)

    monkeypatch.setattr(Path, method, fail)


def test_a_folder_that_may_not_be_listed_is_not_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, "iterdir", tmp_path)
    with pytest.raises(FileNotFoundError, match="but you have no permission to list"):
        datasets.load_CIFAR10(tmp_path)


@pytest.mark.parametrize("method", ["stat", "open"])
def test_a_named_file_that_may_not_be_read_is_an_error(
    folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, monkeypatch)
    batch = folder / "data_batch_2"
    deny(monkeypatch, method, batch)
    said = re.escape(f"{str(batch)!r} cannot be read: you have no permission.")
    for find in (datasets.load_dataset, datasets.where, datasets.verify):
        with pytest.raises(PermissionError, match=f"^{said}$"):
            find()


@pytest.mark.parametrize(
    ("method", "denied", "said"),
    [
        ("open", f"{download.FOLDER}/data_batch_2", "read: you have no permission. S"),
        ("stat", f"{download.FOLDER}/batches.meta", "read: you have no permission. S"),
        ("mkdir", "", "written: you have no permission. Set"),
        ("open", "download.lock", "written: you have no permission. Set"),
    ],
)
def test_a_cache_that_may_not_be_used_is_no_cache(
    folder: Path,
    nowhere: Path,
    method: str,
    denied: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if download.FOLDER in denied:
        fake_cifar10.write_folder(nowhere)
    datasets.print_once.cache_clear()
    deny(monkeypatch, method, nowhere / denied)
    assert datasets.load_dataset().name == "Shapes-10"
    reason = f"CIFAR-10 is not available: {str(nowhere / denied)!r} cannot be {said}"
    assert reason in capsys.readouterr().out
    assert main(["data", "fetch"]) == 1
    assert reason in capsys.readouterr().err
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "cifar10")
    with pytest.raises(download.FetchError, match=re.escape(reason)):
        datasets.load_dataset()


def test_the_cache_comes_next(folder: Path, nowhere: Path) -> None:
    fake_cifar10.write_folder(nowhere)
    assert datasets.load_dataset().name == "CIFAR-10"


def test_an_altered_cache_is_an_error_and_never_passed_over(
    folder: Path, nowhere: Path
) -> None:
    (fake_cifar10.write_folder(nowhere) / "test_batch").write_bytes(b"altered")
    with pytest.raises(ValueError, match=r"test_batch' is truncated .*data fetch$"):
        datasets.load_dataset()


def test_shapes10_comes_last_and_the_reason_is_told_once(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets.print_once.cache_clear()
    data = datasets.load_dataset()
    datasets.data_notice()
    told = capsys.readouterr()
    reason = "SHAPES-10, drawn pictures, is used instead of CIFAR-10. CIFAR-10 is not"
    assert told.out.count(reason) == 1
    assert "cannot be reached" in told.out
    assert told.err == ""  # which a notebook shows in red
    assert (data.name, data.class_names) == ("Shapes-10", shapes10.CLASS_NAMES)
    np.testing.assert_array_equal(data.X_train, shapes10.generate()[0])


def test_shapes10_can_be_chosen_outright(
    folder: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, monkeypatch)
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "shapes10")
    assert datasets.load_dataset().name == "Shapes-10"


def test_cifar10_chosen_outright_has_no_substitute(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "cifar10")
    with pytest.raises(download.FetchError, match="cannot be reached"):
        datasets.load_dataset()


def test_another_choice_is_refused(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "mnist")
    for use_data in (datasets.load_dataset, datasets.where, datasets.verify):
        with pytest.raises(
            ValueError, match=r"must be cifar10 or shapes10, .* 'mnist'"
        ):
            use_data()


def test_the_notice_says_that_the_data_is_cifar10(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, monkeypatch)
    notice = datasets.data_notice()
    assert notice == "Data: CIFAR-10, 60,000 photographs of 32×32 pixels."


def test_the_notice_says_loudly_that_the_data_is_not_cifar10(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = datasets.data_notice()
    assert notice == (
        "Data: SHAPES-10, NOT CIFAR-10: pictures drawn by softmax_lib\n"
        "to stand in for CIFAR-10. The text of this page speaks of\n"
        "CIFAR-10, so its numbers differ from those you see here.\n"
        "To get CIFAR-10, run\n"
        "    softmax-book data fetch\n"
        "or set SOFTMAX_LIB_DATA to the folder of its python batches."
    )
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "shapes10")
    assert datasets.data_notice() == notice


# The worksheet's eight arrays


def test_the_eight_arrays_have_the_worksheets_shapes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "shapes10")
    X_train, y_train, X_val, y_val, X_test, y_test, X_dev, y_dev = (
        datasets.get_CIFAR10_data(rng=0)
    )
    assert (X_train.shape, y_train.shape) == ((49_000, 3073), (49_000,))
    assert (X_val.shape, y_val.shape) == ((1_000, 3073), (1_000,))
    assert (X_test.shape, y_test.shape) == ((1_000, 3073), (1_000,))
    assert (X_dev.shape, y_dev.shape) == ((500, 3073), (500,))
    assert X_train.dtype == X_dev.dtype == np.float32
    assert len({row.tobytes() for row in X_dev}) == 500


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_eight_arrays_are_what_the_worksheet_computes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, dtype: type[np.floating[Any]]
) -> None:
    use(folder, monkeypatch)
    images, labels, test_images, test_labels = datasets.load_CIFAR10(folder)
    data = datasets.get_CIFAR10_data(30, 12, 7, 20, rng=3, dtype=dtype)

    rows = images.reshape(50, -1).astype(np.float64)
    mean = rows[:30].mean(axis=0)  # of the training set alone
    ones = np.ones((50, 1))
    expected = np.hstack([rows - mean, ones]).astype(dtype)
    test_rows = test_images[:7].reshape(7, -1) - mean
    expected_test = np.hstack([test_rows, ones[:7]]).astype(dtype)
    # float32 rounds the mean and the difference: two units of 2 ** -17 at 128 to 255.
    bound = {"rtol": 0, "atol": 0 if dtype == np.float64 else 2 * 2.0**-17}
    np.testing.assert_allclose(data.X_train, expected[:30], **bound)
    np.testing.assert_allclose(data.X_val, expected[30:42], **bound)
    np.testing.assert_allclose(data.X_test, expected_test, **bound)
    assert all(X.dtype == dtype for X in data[::2])
    np.testing.assert_array_equal(data.y_train, labels[:30])
    np.testing.assert_array_equal(data.y_val, labels[30:42])
    np.testing.assert_array_equal(data.y_test, test_labels[:7])

    places = [np.flatnonzero((data.X_train == row).all(axis=1)) for row in data.X_dev]
    assert all(len(place) == 1 for place in places)
    chosen = np.concatenate(places)
    assert len(set(chosen.tolist())) == 20
    np.testing.assert_array_equal(data.y_dev, data.y_train[chosen])


def test_one_image_is_enough_for_a_set_and_the_rest_is_given_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, monkeypatch)
    loaded = datasets.load_dataset()
    monkeypatch.setattr(datasets, "load_dataset", lambda: loaded)
    data = datasets.get_CIFAR10_data(49, 1, 1, 1)
    assert [len(y) for y in data[1::2]] == [49, 1, 1, 1]
    assert loaded.X_train.shape == loaded.X_test.shape == (0, 32, 32, 3)


def test_the_same_rng_draws_the_same_dev_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(folder, monkeypatch)
    first, again, other = (
        datasets.get_CIFAR10_data(30, 12, 7, 20, rng=rng)
        for rng in (1, np.random.default_rng(1), 2)
    )
    np.testing.assert_array_equal(first.X_dev, again.X_dev)
    assert (first.X_dev != other.X_dev).any()


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((51, 1, 1, 1), "num_training must be from 1 to 50, .* but it is 51"),
        ((0, 1, 1, 1), "num_training must be from 1 to 50, .* but it is 0"),
        ((45, 6, 1, 1), "num_validation must be from 1 to 5, .* but it is 6"),
        ((45, 5, 11, 1), "num_test must be from 1 to 10, .* but it is 11"),
        ((45, 5, 10, 46), "num_dev must be from 1 to 45, .* but it is 46"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    folder: Path,
    sizes: tuple[int, int, int, int],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(folder, monkeypatch)
    with pytest.raises(ValueError, match=message):
        datasets.get_CIFAR10_data(*sizes)


# The command line


def test_where_names_the_source(
    folder: Path,
    nowhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["data", "where"]) == 0
    said = capsys.readouterr().out
    would = f"would be downloaded (170 MB) into {str(nowhere / download.FOLDER)!r}"
    assert f"{would}, or Shapes-10 used if that fails.\n" in said
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "cifar10")
    assert main(["data", "where"]) == 0
    assert f"{would}.\n" in capsys.readouterr().out
    use(folder, monkeypatch)
    assert main(["data", "where"]) == 0
    said = f"CIFAR-10 in {str(folder)!r}, which SOFTMAX_LIB_DATA names.\n"
    assert capsys.readouterr().out == said
    monkeypatch.delenv("SOFTMAX_LIB_DATA")
    fake_cifar10.write_folder(nowhere)
    assert main(["data", "where"]) == 0
    said = f"CIFAR-10 in {str(nowhere / download.FOLDER)!r}, the cache folder.\n"
    assert capsys.readouterr().out == said
    use(folder / "elsewhere", monkeypatch)
    assert main(["data", "where"]) == 1
    assert "it does not exist" in capsys.readouterr().err
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "shapes10")
    assert main(["data", "where"]) == 0
    assert "Shapes-10" in capsys.readouterr().out


def test_where_fails_where_loading_would(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(folder, monkeypatch)
    (folder / "batches.meta").unlink()  # which holds no image
    assert main(["data", "where"]) == 0
    assert datasets.load_dataset().name == "CIFAR-10"
    (folder / "test_batch").write_bytes(b"altered")
    assert main(["data", "where"]) == 1
    assert "test_batch' is truncated or altered" in capsys.readouterr().err


def test_only_a_stopped_fetch_is_said_to_continue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("softmax_lib.__main__.verify", stop)
    assert main(["data", "verify"]) == 130
    assert capsys.readouterr().err == "Stopped.\n"


def test_a_path_that_cannot_be_printed_is_escaped(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(datasets, "batches_folder", lambda _: Path("no\udcfftext"))
    monkeypatch.setattr(datasets, "verify_files", lambda *_: None)
    use(folder, monkeypatch)
    assert main(["data", "where"]) == 0
    assert r"CIFAR-10 in 'no\udcfftext', which" in capsys.readouterr().out


def test_before_the_download_there_is_nothing_to_verify(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "verify"]) == 1
    assert capsys.readouterr().err == (
        f"There is nothing to verify yet, since CIFAR-10 is not in "
        f"{str(nowhere / download.FOLDER)!r}. To download it, run: "
        "softmax-book data fetch\n"
    )


def test_verify_names_the_bad_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(folder, monkeypatch)
    assert main(["data", "verify"]) == 0
    expected = f"The 7 files in {str(folder)!r} are the official ones.\n"
    assert capsys.readouterr().out == expected
    (folder / "batches.meta").write_bytes(b"altered")
    assert main(["data", "verify"]) == 1
    assert "batches.meta' is truncated or altered" in capsys.readouterr().err


def test_the_module_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "softmax_lib", "data", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("where", "fetch", "verify"))


# Images of the reader's own


@pytest.mark.parametrize("shape", [(4, 7, 3), (4, 7, 1), (4, 7)])
def test_images_of_any_shape_give_the_eight_arrays(shape: tuple[int, ...]) -> None:
    images = np.random.default_rng(0).integers(256, size=(60, *shape), dtype=np.uint8)
    labels = np.arange(60)  # so that a label says which image it belongs to
    data = datasets.prepare_images(images, labels, 10, 20, 25, rng=0, dtype=np.float64)
    assert [len(y) for y in data[1::2]] == [30, 10, 20, 25]
    used = [*data.y_train, *data.y_val, *data.y_test]
    assert sorted(used) == list(range(60)) != used
    assert set(data.y_dev) <= set(data.y_train)

    rows = images.reshape(60, -1).astype(np.float64)
    mean = rows[data.y_train].mean(axis=0)  # of the training set alone
    for X, y in zip(data[::2], data[1::2], strict=True):
        np.testing.assert_allclose(X[:, :-1], rows[y] - mean, atol=1e-12)
        np.testing.assert_array_equal(X[:, -1], 1)


def test_the_same_rng_splits_images_in_the_same_way() -> None:
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1)
    first, again, other = (
        datasets.prepare_images(images, np.arange(20), 4, 5, 6, rng=rng)
        for rng in (1, np.random.default_rng(1), 2)
    )
    np.testing.assert_array_equal(first.y_test, again.y_test)
    np.testing.assert_array_equal(first.y_dev, again.y_dev)
    assert first.y_test.tolist() != other.y_test.tolist()
    assert first.X_train.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "labels", "sizes", "message"),
    [
        ((9, 2), np.zeros(9, int), (2, 2, 2), r"images must .* of shape \(9, 2\)"),
        ((9, 2, 2), np.zeros(8, int), (2, 2, 2), r"labels must have one .* \(9,\)"),
        ((9, 2, 2), np.full(9, -1), (2, 2, 2), "labels must .* but it holds -1"),
        ((9, 2, 2), np.zeros(9, int), (7, 2, 2), "num_validation must be from 1 to 6"),
        ((9, 2, 2), np.zeros(9, int), (2, 0, 2), "num_test must be from 1 to 7"),
        ((9, 2, 2), np.zeros(9, int), (2, 2, 6), "num_dev must be from 1 to 5"),
    ],
)
def test_images_that_cannot_be_split_are_refused(
    shape: tuple[int, ...],
    labels: np.ndarray,
    sizes: tuple[int, int, int],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.prepare_images(np.zeros(shape), labels, *sizes)


def test_images_of_the_reader_hold_numbers() -> None:
    images = np.full((9, 2, 2), np.nan)
    with pytest.raises(ValueError, match=r"^images must hold finite .* holds nan\.$"):
        datasets.prepare_images(images, np.zeros(9, int), 2, 2, 2)
