"""The download against a server on the loopback address that misbehaves."""

import errno
import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from softmax_lib import datasets, download
from softmax_lib.__main__ import main
from tests import fake_cifar10

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


class Server(ThreadingHTTPServer):
    """Serves one archive, each request in the way of the next of ``answers``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = fake_cifar10.archive()
        self.answers: list[Answer] = []
        self.ranges: list[str | None] = []
        self.closing = threading.Event()

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers["Range"])
        answer = self.server.answers.pop(0) if self.server.answers else honest
        answer(self, self.server.archive)

    def log_message(self, *_: object) -> None:
        pass


def send(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    status: int = 200,
    length: int | None = None,
    kind: str = "application/x-gzip",
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def honest(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    """Obey the Range header, as the real server does."""
    if handler.headers["Range"] is None:
        send(handler, archive)
        return
    start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    if start >= len(archive):
        send(handler, b"<html>", status=416, kind="text/html")
    else:
        send(handler, archive[start:], status=206)


def without_ranges(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, archive)


def dropping(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, archive[: len(archive) * 2 // 3], length=len(archive))


def hanging(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, archive[: len(archive) * 2 // 3], length=len(archive))
    handler.server.closing.wait()  # type: ignore[attr-defined]


def silent(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    handler.server.closing.wait()  # type: ignore[attr-defined]


def truncated(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, archive[:-1000])


def tampered(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, archive[:5000] + bytes([archive[5000] ^ 1]) + archive[5001:])


def web_page(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, b"<!DOCTYPE html><p>Back soon</p>", kind="text/html")


def unavailable(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
    send(handler, b"<html>", status=503, kind="text/html")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        host, port = running.server_address[:2]
        monkeypatch.setattr(download, "ARCHIVE_URL", f"http://{host!s}:{port}/archive")
        monkeypatch.setattr(download, "FILE_SHA256", fake_cifar10.digests())
        offer(running, running.archive, monkeypatch)
        yield running
        running.closing.set()
        running.shutdown()
        thread.join()


def offer(server: Server, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve ``archive`` as the official one."""
    server.archive = archive
    monkeypatch.setattr(download, "ARCHIVE_MD5", hashlib.md5(archive).hexdigest())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(datasets, "cache_folder", lambda: folder)
    monkeypatch.delenv("SOFTMAX_LIB_DATASET", raising=False)
    monkeypatch.delenv("SOFTMAX_LIB_DATA", raising=False)
    return folder


def left_in(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()} - {"download.lock"}


def assert_fetched(cache: Path) -> None:
    """The seven files are there, right to the byte, and nothing else is."""
    assert left_in(cache) == {download.FOLDER}
    files = {
        path.name: path.read_bytes() for path in (cache / download.FOLDER).iterdir()
    }
    assert files == fake_cifar10.files()


def refusal(cache: Path) -> str:
    """Fetch in vain, and return why: what the error says before its advice."""
    with pytest.raises(download.FetchError) as caught:
        download.fetch(cache)
    said, start, end = str(caught.value), "CIFAR-10 is not available: ", download.ADVICE
    assert said.startswith(start)
    assert said.endswith(f" {end}")
    return said.removeprefix(start).removesuffix(f" {end}")


def test_the_archive_is_fetched_checked_and_unpacked(
    server: Server, cache: Path
) -> None:
    assert download.fetch(cache) == cache / download.FOLDER
    assert_fetched(cache)
    assert server.ranges == [None]


def test_what_is_in_the_cache_is_not_fetched_again(server: Server, cache: Path) -> None:
    download.fetch(cache)
    download.fetch(cache)
    assert len(server.ranges) == 1


def test_progress_is_shown(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    download.fetch(cache)
    told = capsys.readouterr()
    said = f"Downloading CIFAR-10 (170 MB) into {str(cache)!r}\n"
    assert told.out.startswith(said)
    assert "100%" in told.out
    assert re.search(r"\d[kM]/[\d.]+[kM] \[.*[kM]B/s\]", told.out)
    assert told.err == ""  # which a notebook shows in red


@pytest.mark.parametrize("second", [honest, without_ranges])
def test_a_download_that_broke_off_goes_on_or_starts_anew(
    server: Server,
    cache: Path,
    second: Answer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.answers = [dropping, second]
    assert refusal(cache) == (
        "the connection broke off; the next try continues from there."
    )
    assert left_in(cache) == {download.PART}
    size = (cache / download.PART).stat().st_size
    assert 0 < size < len(server.archive)
    capsys.readouterr()
    download.fetch(cache)
    assert server.ranges == [None, f"bytes={size}-"]
    begun_at = re.search(r"(\d+)%", capsys.readouterr().out)
    done = size if second is honest else 0
    assert begun_at
    assert int(begun_at[1]) == round(100 * done / len(server.archive))
    assert_fetched(cache)


def test_a_download_killed_after_its_last_byte_is_used(
    server: Server, cache: Path
) -> None:
    cache.mkdir()
    (cache / download.PART).write_bytes(server.archive)
    download.fetch(cache)
    assert server.ranges == [f"bytes={len(server.archive)}-"]
    assert_fetched(cache)


def test_a_wrong_beginning_is_thrown_away(server: Server, cache: Path) -> None:
    cache.mkdir()
    (cache / download.PART).write_bytes(b"\x1f\x8b" + b"x" * 998)
    with pytest.raises(
        download.FetchError, match="The archive is truncated or altered"
    ):
        download.fetch(cache)
    assert left_in(cache) == set()
    download.fetch(cache)
    assert server.ranges == ["bytes=1000-", None]
    assert_fetched(cache)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (truncated, "The archive is truncated or altered"),
        (tampered, "The archive is truncated or altered"),
        (web_page, r"Expected a gzip archive, but .* \(text/html\): b'<!DOCTYPE"),
        (unavailable, "the server answered 503 Service Unavailable"),
    ],
)
def test_after_a_wrong_archive_the_next_try_starts_clean(
    server: Server, cache: Path, answer: Answer, message: str
) -> None:
    server.answers = [answer, honest]
    with pytest.raises(download.FetchError, match=message) as refusal:
        download.fetch(cache)
    assert "Set SOFTMAX_LIB_DATA" in str(refusal.value)
    assert not any((cache / name).stat().st_size for name in left_in(cache))
    download.fetch(cache)
    assert server.ranges == [None, None]
    assert_fetched(cache)


@pytest.mark.parametrize("answer", [silent, hanging])
def test_a_server_that_falls_silent_is_given_up_with_advice(
    server: Server, cache: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", (5, 0.2))
    server.answers = [answer]
    with pytest.raises(
        download.FetchError, match=r"silent for 0\.2 seconds.*Set SOFTMAX"
    ):
        download.fetch(cache)
    monkeypatch.setattr(download, "TIMEOUT", (5, 30))
    download.fetch(cache)
    assert_fetched(cache)


def test_no_server_is_said_so(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ARCHIVE_URL", "http://127.0.0.1:1/archive")
    with pytest.raises(
        download.FetchError, match=r"127\.0\.0\.1:1/archive cannot be reach"
    ):
        download.fetch(cache)


def member(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    info.size = 1 if kind == tarfile.REGTYPE else 0
    return info


@pytest.mark.parametrize(
    "unsafe",
    [
        member("../escaped"),
        member(f"{download.FOLDER}/../../escaped"),
        member("/escaped"),
        member(f"{download.FOLDER}/data_batch_1", tarfile.SYMTYPE, "/etc/passwd"),
        member(f"{download.FOLDER}/data_batch_1", tarfile.LNKTYPE, "../escaped"),
        member(f"{download.FOLDER}/data_batch_1", tarfile.CHRTYPE),
        member(f"{download.FOLDER}/data_batch_1", tarfile.BLKTYPE),
        member(f"{download.FOLDER}/data_batch_1", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name} {info.type!r}",
)
def test_an_archive_with_an_unsafe_member_is_refused_whole(
    server: Server,
    cache: Path,
    unsafe: tarfile.TarInfo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer(server, fake_cifar10.archive(unsafe), monkeypatch)
    assert refusal(cache) == (
        "The archive may hold plain files in its own folder only, but it holds "
        f"{unsafe.name!r} of type {unsafe.type!r}."
    )
    assert left_in(cache) == set()
    assert {path.name for path in cache.parent.iterdir()} == {"cache"}


def test_an_archive_that_lacks_a_file_is_refused_whole(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(server, fake_cifar10.archive(without="test_batch"), monkeypatch)
    with pytest.raises(
        download.FetchError,
        match=rf"lacks some of {', '.join(download.FILE_SHA256)}\. Set",
    ):
        download.fetch(cache)
    assert left_in(cache) == set()


def failing_writes(
    monkeypatch: pytest.MonkeyPatch, named: str, error: BaseException
) -> None:
    """Let the second piece written to the file ``named`` fail."""
    true_open = Path.open

    def open_and_fail(path: Path, *arguments: Any, **options: Any) -> Any:
        file = true_open(path, *arguments, **options)
        if path.name != named or "b" not in arguments[0] or "r" in arguments[0]:
            return file

        class Failing(io.FileIO):
            def write(self, data: Any) -> int:
                if self.tell():
                    raise error
                return super().write(data[:1000])

        file.close()
        return Failing(path, arguments[0].replace("b", ""))

    monkeypatch.setattr(Path, "open", open_and_fail)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("named", [download.PART, "data_batch_3"])
def test_a_full_disk_is_one_error_and_leaves_no_half_file(
    server: Server, cache: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.shutil, "COPY_BUFSIZE", 1000)
    monkeypatch.setattr(download, "PIECE", 1000)
    with monkeypatch.context() as patch:
        failing_writes(patch, named, FULL)
        with pytest.raises(OSError, match="disk is full: CIFAR-10 needs") as full:
            download.fetch(cache)
    assert full.value.errno == errno.ENOSPC
    assert left_in(cache) == set()
    download.fetch(cache)
    assert_fetched(cache)


def test_a_full_disk_is_not_passed_over_with_drawn_pictures(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 1000)
    failing_writes(monkeypatch, download.PART, FULL)
    with pytest.raises(OSError, match="disk is full"):
        datasets.load_dataset()


@pytest.mark.parametrize("named", [download.PART, "data_batch_3"])
def test_ctrl_c_stays_ctrl_c_and_leaves_nothing_that_looks_whole(
    server: Server, cache: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.shutil, "COPY_BUFSIZE", 1000)
    monkeypatch.setattr(download, "PIECE", 1000)
    with monkeypatch.context() as patch:
        failing_writes(patch, named, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            download.fetch(cache)
    assert left_in(cache) in ({download.PART}, {download.ARCHIVE})
    download.fetch(cache)
    assert_fetched(cache)


def test_a_cache_that_cannot_be_made_is_no_way_to_the_archive(
    server: Server, cache: Path
) -> None:
    cache.write_text("a file where the folder should be")
    said = re.escape(f"CIFAR-10 is not available: {str(cache)!r}: ")
    with pytest.raises(download.FetchError, match=f"^{said}"):
        download.fetch(cache)


FETCH = """
import sys
from pathlib import Path
from softmax_lib import download
download.ARCHIVE_URL, download.ARCHIVE_MD5 = sys.argv[1:3]
print("started", flush=True)
download.fetch(Path(sys.argv[3]))
"""


def start_fetching(cache: Path) -> subprocess.Popen[str]:
    """Fetch in another process; returns when that process is about to."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", FETCH),
            *(download.ARCHIVE_URL, download.ARCHIVE_MD5, str(cache)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def test_two_processes_at_once_fetch_the_archive_once(
    server: Server, cache: Path
) -> None:
    both_run = threading.Event()

    def when_both_run(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
        both_run.wait()
        honest(handler, archive)

    server.answers = [when_both_run] * 2
    processes = [start_fetching(cache) for _ in range(2)]
    both_run.set()
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert server.ranges == [None]
    assert_fetched(cache)


def test_a_killed_process_frees_the_lock_and_its_part_is_used(
    server: Server, cache: Path
) -> None:
    arrived = threading.Event()

    def tell_and_hang(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
        send(handler, archive[: len(archive) * 2 // 3], length=len(archive))
        arrived.set()
        server.closing.wait()

    server.answers = [tell_and_hang]
    process = start_fetching(cache)
    arrived.wait()
    part = cache / download.PART
    while not (part.exists() and part.stat().st_size >= download.PIECE):
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert left_in(cache) == {download.PART}  # no file that nobody will clean
    size = part.stat().st_size
    download.fetch(cache)
    assert server.ranges == [None, f"bytes={size}-"]
    assert (cache / download.FOLDER).is_dir()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (tampered, "The archive is truncated or altered"),
        (web_page, "Expected a gzip archive"),
        (unavailable, "503"),
    ],
)
def test_without_a_good_archive_shapes10_is_used_with_a_reason(
    server: Server,
    cache: Path,
    answer: Answer,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    small_shapes10: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.answers = [answer] * 2
    datasets.print_once.cache_clear()
    assert datasets.load_dataset().name == "Shapes-10"
    said = capsys.readouterr()
    assert re.search(f"SHAPES-10, drawn pictures, is used.*{message}", said.out)
    assert said.err == ""
    monkeypatch.setenv("SOFTMAX_LIB_DATASET", "cifar10")
    with pytest.raises(download.FetchError, match=message):
        datasets.load_dataset()


@pytest.fixture
def small_shapes10(monkeypatch: pytest.MonkeyPatch) -> None:
    small = datasets.shapes10.generate(num_train=20, num_test=10)
    monkeypatch.setattr(datasets.shapes10, "generate", lambda: small)


def test_the_search_downloads_what_is_nowhere(server: Server, cache: Path) -> None:
    data = datasets.load_dataset()
    assert (data.name, data.X_train.shape) == ("CIFAR-10", (50, 32, 32, 3))
    assert_fetched(cache)


def test_the_command_line_fetches_and_mends_the_cache(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "where"]) == 0
    assert "would be downloaded" in capsys.readouterr().out
    assert main(["data", "fetch"]) == 0
    assert main(["data", "where"]) == 0
    assert "the cache folder" in capsys.readouterr().out
    (cache / download.FOLDER / "data_batch_2").write_bytes(b"altered")
    assert main(["data", "verify"]) == 1
    assert "data_batch_2' is truncated or altered" in capsys.readouterr().err
    assert main(["data", "fetch"]) == 0
    assert main(["data", "verify"]) == 0
    assert_fetched(cache)


def test_a_repair_that_fails_leaves_the_files_that_were_there(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_cifar10.write_folder(cache)
    (cache / download.FOLDER / "data_batch_2").write_bytes(b"altered")
    server.answers = [unavailable]
    assert main(["data", "fetch"]) == 1
    assert "the server answered 503" in capsys.readouterr().err
    assert len(list((cache / download.FOLDER).iterdir())) == 7
    assert main(["data", "fetch"]) == 0
    assert_fetched(cache)


def test_fetch_says_that_another_folder_is_used(
    server: Server,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATA", "/elsewhere")
    assert main(["data", "fetch"]) == 0
    said = "It is not used while SOFTMAX_LIB_DATA is '/elsewhere': unset it.\n"
    assert capsys.readouterr().out.endswith(said)
    for used in (cache, cache / download.FOLDER):
        monkeypatch.setenv("SOFTMAX_LIB_DATA", str(used))
        assert main(["data", "fetch"]) == 0
        said = f"CIFAR-10 is in {str(cache / download.FOLDER)!r}.\n"
        assert capsys.readouterr().out == said


def test_a_link_in_the_cache_is_replaced_and_not_what_it_leads_to(
    server: Server, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "of others").touch()
    cache.mkdir()
    (cache / download.FOLDER).symlink_to(shared, target_is_directory=True)
    download.fetch(cache)
    assert_fetched(cache)
    assert (shared / "of others").exists()


def test_an_archive_of_other_content_is_fetched_anew(
    server: Server, cache: Path
) -> None:
    cache.mkdir()
    (cache / download.ARCHIVE).write_bytes(b"not the archive")
    download.fetch(cache)
    assert_fetched(cache)


def test_the_official_archive_in_the_cache_is_unpacked(
    server: Server, cache: Path
) -> None:
    cache.mkdir()
    (cache / download.ARCHIVE).write_bytes(server.archive)
    download.fetch(cache)
    assert server.ranges == []
    assert_fetched(cache)


def test_the_command_line_fails_where_the_archive_is_not_good(
    server: Server, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [web_page]
    assert main(["data", "fetch"]) == 1
    captured = capsys.readouterr()
    assert "Expected a gzip archive" in captured.err
    assert "CIFAR-10 is in" not in captured.out


def test_the_command_line_stops_at_ctrl_c_and_goes_on_next_time(
    server: Server,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(download, "PIECE", 1000)
    with monkeypatch.context() as patch:
        failing_writes(patch, download.PART, KeyboardInterrupt())
        assert main(["data", "fetch"]) == 130
    assert "continues from here" in capsys.readouterr().err
    assert main(["data", "fetch"]) == 0
    assert server.ranges == [None, "bytes=1000-"]


def test_a_full_quota_is_a_full_disk(
    server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PIECE", 1000)
    exceeded = OSError(errno.EDQUOT, "Disk quota exceeded")
    failing_writes(monkeypatch, download.PART, exceeded)
    with pytest.raises(OSError, match="disk is full") as full:
        download.fetch(cache)
    needs = f"The disk is full: CIFAR-10 needs 360 MB in {str(cache)!r}."
    assert full.value.args == (errno.EDQUOT, needs)
    assert left_in(cache) == set()


def test_the_server_is_asked_for_the_archive_as_it_is(
    server: Server, cache: Path
) -> None:
    def compressing(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
        """Pack once more what a client would unpack, so that it saves other bytes."""
        if "gzip" not in handler.headers["Accept-Encoding"]:
            send(handler, archive)
            return
        body = gzip.compress(archive)
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    server.answers = [compressing]
    download.fetch(cache)
    assert_fetched(cache)


def test_what_was_downloaded_is_verified_file_by_file(
    server: Server,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digests = {**fake_cifar10.digests(), "test_batch": "0" * 64}
    monkeypatch.setattr(download, "FILE_SHA256", digests)
    assert main(["data", "fetch"]) == 1
    assert "test_batch' is truncated or altered" in capsys.readouterr().err


def test_a_server_that_does_not_say_how_much_comes_is_believed(
    server: Server, cache: Path
) -> None:
    def without_length(handler: BaseHTTPRequestHandler, archive: bytes) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(archive)

    server.answers = [without_length]
    download.fetch(cache)
    assert_fetched(cache)


def test_what_a_killed_process_left_of_unpacking_goes(
    server: Server, cache: Path
) -> None:
    (cache / f"{download.FOLDER}.part").mkdir(parents=True)
    (cache / f"{download.FOLDER}.part" / "test_batch").write_bytes(b"half")
    download.fetch(cache)
    assert_fetched(cache)


def test_of_a_web_page_forty_bytes_are_shown(server: Server, cache: Path) -> None:
    server.answers = [lambda handler, _: send(handler, b"x" * 99, kind="text/plain")]
    assert refusal(cache) == (
        "Expected a gzip archive, but the server sent something else (text/plain): "
        f"{b'x' * 40!r}."
    )


def test_the_cache_is_named_after_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", Path)
    assert download.cache_folder() == Path("softmax_lib")


def test_a_missing_file_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTMAX_LIB_DATA", "here")
    with pytest.raises(FileNotFoundError) as caught:
        download.read_file(tmp_path / "test_batch")
    assert str(caught.value) == (
        f"{str(tmp_path / 'test_batch')!r} is missing or not a file. SOFTMAX_LIB_DATA "
        "is 'here': set it to a folder that contains the official files, or unset it "
        "and run: softmax-book data fetch"
    )


def test_folders_above_the_cache_are_made(server: Server, cache: Path) -> None:
    download.fetch(cache / "of" / "a user")
    assert_fetched(cache / "of" / "a user")


def test_windows_waits_for_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[bool, str, int]] = []
    waited: list[float] = []

    def locking(number: int, mode: str, size: int) -> None:
        asked.append((os.path.sameopenfile(number, file.fileno()), mode, size))
        if len(asked) < 3:
            raise OSError

    fake = types.SimpleNamespace(LK_NBLCK="at once", locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(time, "sleep", waited.append)
    lock = tmp_path / "download.lock"
    with lock.open("ab") as file, download.one_process_at_a_time(lock):
        assert asked == [(True, "at once", 1)] * 3
        assert waited == [0.2, 0.2]
