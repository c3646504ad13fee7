"""The files of CIFAR-10: their names and checksums, and how they are fetched.

The official archive comes over slow links, breaks off, and is now and then replaced
by an error page. So a download continues where the last one stopped, nothing is opened
before its checksum is right, and nothing has its final name before it is whole.

The packages for it are imported when a download begins. In a browser, where a chapter
runs on drawn pictures, they are not there.
"""

import codecs
import contextlib
import errno
import hashlib
import os
import shutil
import stat
import sys
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

ARCHIVE_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
ARCHIVE = "cifar-10-python.tar.gz"
PART = ARCHIVE + ".part"
FOLDER = "cifar-10-batches-py"
FILE_SHA256 = {  # three times as fast as MD5 where the processor helps
    "batches.meta": "f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb",
    "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
    "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
    "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
    "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
    "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
    "test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
}
TIMEOUT = (10, 30)  # seconds to connect, and between two pieces
PIECE = 1 << 16
LARGEST = 1 << 26  # twice the bytes of a batch
ADVICE = (
    "Set SOFTMAX_LIB_DATA to a folder that contains the official python batches, or "
    "try again later with: softmax-book data fetch"
)


class FetchError(RuntimeError):
    """The archive cannot be downloaded, or what came is not the archive."""


def fetch(cache: Path, is_there: Callable[[Path], bool] | None = None) -> Path:
    """Return the folder of the batches in ``cache``, downloaded if it is not there.

    By default it is there if its files are; `read_file` checks their content. A
    FetchError says that the archive cannot be reached or is not the official one, or
    that the cache may not be read or written; an OSError, that the disk is full.
    """
    is_there = is_there or is_complete
    folder, archive = cache / FOLDER, cache / ARCHIVE
    try:
        if is_there(folder):
            return folder
        cache.mkdir(parents=True, exist_ok=True)
        with one_process_at_a_time(cache / "download.lock"):
            if not is_there(folder):  # another process may have just fetched it
                if not archive.exists() or md5(archive) != ARCHIVE_MD5:
                    print(f"Downloading CIFAR-10 (170 MB) into {str(cache)!r}")
                    download(ARCHIVE_URL, archive)
                unpack(archive, folder)
                archive.unlink()
    except OSError as error:  # those of requests among them
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            discard(cache / PART, archive)
            message = f"The disk is full: CIFAR-10 needs 360 MB in {str(cache)!r}."
            raise OSError(error.errno, message) from None
        raise FetchError(
            f"CIFAR-10 is not available: {reason(error)}. {ADVICE}"
        ) from None
    except (ValueError, EOFError, tarfile.TarError) as error:
        discard(cache / PART, archive)
        raise FetchError(f"CIFAR-10 is not available: {error} {ADVICE}") from None
    return folder


def discard(*files: Path) -> None:
    """Delete the files that are there and may be deleted."""
    for file in files:
        with contextlib.suppress(OSError):
            file.unlink()


def cache_folder() -> Path:
    """Return the folder where this user's downloads are kept."""
    import platformdirs

    return platformdirs.user_cache_path("softmax_lib")


def is_complete(folder: Path) -> bool:
    """Whether each of the seven files is there."""
    return not missing_files(folder, FILE_SHA256)


def missing_files(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the names of the files that a folder lacks."""
    return [name for name in names if not is_readable(folder / name)]


def is_readable(path: Path) -> bool:
    """Whether a file is there; fail if it is but may not be read."""
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)  # to open a pipe would wait
        if is_file:
            path.open("rb").close()
    except PermissionError:
        raise PermissionError(
            f"{str(path)!r} cannot be read: you have no permission."
        ) from None
    except (OSError, ValueError):
        return False
    return is_file


def read_file(path: Path) -> bytes:
    """Read one of the seven files at once; fail if it is not the official one."""
    if not is_readable(path):
        raise FileNotFoundError(f"{str(path)!r} is missing or not a file. {advice()}")
    with path.open("rb") as file:
        data = file.read(LARGEST)
    if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        raise ValueError(
            f"{str(path)!r} is a web page saved under the name of a batch. {advice()}"
        )
    digest = hashlib.sha256(data).hexdigest()
    if digest != FILE_SHA256[path.name]:
        raise ValueError(
            f"{str(path)!r} is truncated or altered: expected the SHA-256 sum "
            f"{FILE_SHA256[path.name]}, but its {path.stat().st_size} bytes have "
            f"another one. {advice()}"
        )
    return data


def advice() -> str:
    """Return how to get the official files where a folder does not have them."""
    if named := os.environ.get("SOFTMAX_LIB_DATA"):
        return (
            f"SOFTMAX_LIB_DATA is {named!r}: set it to a folder that contains the "
            "official files, or unset it and run: softmax-book data fetch"
        )
    return (
        "To download the official files into the cache folder, or to replace damaged "
        "ones there, run: softmax-book data fetch"
    )


def md5(path: Path) -> str:
    """Return the MD5 sum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def download(url: str, archive: Path) -> None:
    """Download the archive, continuing where the last try stopped, and check it."""
    import requests

    part = archive.with_name(PART)
    start = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        # 416: nothing lies beyond what is here. The checksum says if that is all.
        if response.status_code != requests.codes.requested_range_not_satisfiable:
            response.raise_for_status()
            save(response, part, start)
    if (digest := md5(part)) != ARCHIVE_MD5:
        raise ValueError(
            f"The archive is truncated or altered: expected the MD5 sum {ARCHIVE_MD5}, "
            f"but its {part.stat().st_size} bytes have {digest}."
        )
    part.replace(archive)


def save(response: "requests.Response", part: Path, start: int) -> None:
    """Write the response's body to ``part``, behind its first ``start`` bytes."""
    import requests
    from tqdm import tqdm

    if response.status_code != requests.codes.partial_content:
        start = 0  # the server sends everything again
    total = start + int(response.headers.get("Content-Length", 0))
    with (
        part.open("ab" if start else "wb") as out,
        tqdm(
            total=total, initial=start, unit="B", unit_scale=True, file=sys.stdout
        ) as progress,
    ):
        for piece in response.iter_content(PIECE):
            if out.tell() == 0 and not piece.startswith(b"\x1f\x8b"):
                raise ValueError(
                    "Expected a gzip archive, but the server sent something else "
                    f"({response.headers.get('Content-Type')}): {piece[:40]!r}."
                )
            out.write(piece)
            progress.update(len(piece))
    if part.stat().st_size < total:
        raise requests.ConnectionError  # which `reason` puts into words


def unpack(archive: Path, folder: Path) -> None:
    """Take the seven files out of the archive: all of them or none."""
    unfinished = folder.with_name(folder.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                check_member(member)
                name = member.name.removeprefix(FOLDER + "/")
                if name in FILE_SHA256 and (content := tar.extractfile(member)):
                    with content, (unfinished / name).open("wb") as out:
                        shutil.copyfileobj(content, out)
        if not is_complete(unfinished):
            raise ValueError(f"The archive lacks some of {', '.join(FILE_SHA256)}.")
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_member(member: tarfile.TarInfo) -> None:
    """Check that a member is a plain file or folder inside the archive's folder."""
    path = PurePosixPath(member.name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or not (member.isreg() or member.isdir())
    ):
        raise ValueError(
            "The archive may hold plain files in its own folder only, but it holds "
            f"{member.name!r} of type {member.type!r}."
        )


def reason(error: OSError) -> str:
    """Return in a few words what went wrong on the way."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return (
            f"the server answered {error.response.status_code} {error.response.reason}"
        )
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"the server was silent for {TIMEOUT[1]} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off; the next try continues from there"
    if isinstance(error, requests.ConnectionError):
        return f"{ARCHIVE_URL} cannot be reached or the connection broke off"
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename!r} cannot be written: you have no permission"
    if error.filename:
        return f"{error.filename!r}: {error.strerror}"
    return str(error).removesuffix(".")


@contextlib.contextmanager
def one_process_at_a_time(lock: Path) -> Iterator[None]:
    """Wait until no other process holds ``lock``; the system frees it on any exit."""
    with lock.open("ab") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.2)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
