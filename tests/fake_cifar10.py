"""Small files in the format of CIFAR-10, written as Python 2 wrote them."""

import hashlib
import io
import pickle
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

NUM = 10  # images in each batch
FOLDER = "cifar-10-batches-py"


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2 did its strings."""

    write: Callable[[bytes], object]  # mypy's stubs leave out these two
    memoize: Callable[[object], None]

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def save_bytes(self, data: bytes) -> None:
        if len(data) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(data)]) + data)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(data)) + data)
        self.memoize(data)

    dispatch[bytes] = save_bytes


def python2_pickle(value: Any) -> bytes:
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def batch(seed: int, num: int = NUM) -> dict[bytes, Any]:
    rng = np.random.default_rng(seed)
    return {
        b"batch_label": b"a batch",
        b"labels": rng.integers(0, 10, num).tolist(),
        b"data": rng.integers(0, 256, (num, 3072), dtype=np.uint8),
        b"filenames": [b"%d.png" % number for number in range(num)],
    }


def batches() -> dict[str, dict[bytes, Any]]:
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    return {name: batch(seed) for seed, name in enumerate(names)}


def files() -> dict[str, bytes]:
    contents = {name: python2_pickle(value) for name, value in batches().items()}
    return {"batches.meta": python2_pickle({b"num_vis": 3072}), **contents}


def digests() -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files().items()}


def write_folder(parent: Path) -> Path:
    folder = parent / FOLDER
    folder.mkdir(parents=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
    return folder


def archive(*extra: tarfile.TarInfo, without: str = "") -> bytes:
    """The archive of the fake files, with the ``extra`` members before them."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for member in extra:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
        for name, data in {**files(), "readme.html": b"<html>"}.items():
            if name != without:
                member = tarfile.TarInfo(f"{FOLDER}/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return file.getvalue()
