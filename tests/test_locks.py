"""The locks: all that is installed is named in them, with checksums, and no GPU's."""

import importlib.metadata
import itertools
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.checker.chapters import ROOT

LOCKS = sorted((ROOT / "tools" / "locks").glob("*.txt"))
each_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
# What graphics cards need, and what brings it on one system or another.
GPU = re.compile(
    r"(cu(da|dnn|py)|nvidia|nccl|rocm|triton|tensorrt|tensorflow|torch|jax)"
)
PIN = re.compile(r"([a-z0-9-]+)==(\S+)(?: ; (.+))?")
# Where the locks must hold: the markers of each of these surroundings.
SYSTEMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]
MACHINES = ("x86_64", "arm64", "aarch64", "AMD64")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SURROUNDINGS = [
    {
        **system,
        "platform_machine": machine,
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for system, machine, python in itertools.product(SYSTEMS, MACHINES, PYTHONS)
]


def entries(lock):
    """Each pin of a lock with the checksums of its files."""
    text = lock.read_text("utf-8").replace(" \\\n", "")
    for line in text.splitlines():
        pin, *checksums = re.split(r" +--hash=", line)
        yield pin, checksums


def pins(lock):
    """The pins of a lock: name, version and marker of each."""
    return [PIN.fullmatch(pin).groups() for pin, _ in entries(lock)]


def required(requirements):
    """The names of what these requirements ask for anywhere, extras left aside."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(map(marker.evaluate, SURROUNDINGS)):
            yield canonicalize_name(requirement.name)


@each_lock
def test_a_lock_is_pins_with_checksums_and_nothing_else(lock):
    for pin, checksums in entries(lock):
        assert PIN.fullmatch(pin), pin
        assert checksums, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in checksums)


@each_lock
def test_the_locks_share_their_pins_and_so_one_environment(lock):
    shared = {name: set() for name, _, _ in pins(lock)}
    for name, version, _ in pins(lock.with_name("test.txt")):
        if name in shared:
            shared[name].add(version)
    for name, version, _ in pins(lock):
        assert version in shared[name], name


@each_lock
def test_what_a_locked_package_requires_is_locked_without_gpus(lock):
    locked = {name: marker for name, _, marker in pins(lock)}
    assert [name for name in locked if GPU.match(name)] == []
    for name, marker in locked.items():
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            assert marker, name  # for another system or use
            continue
        brought = set(required(requirements))
        assert [each for each in brought if GPU.match(each)] == [], name
        assert brought <= locked.keys(), name


def test_a_package_that_brings_gpu_libraries_is_noticed():
    linux = "nvidia-cudnn-cu13==9; platform_system == 'Linux' and python_version < '4'"
    (brought,) = required([linux, "jax[cuda]; extra == 'gpu'"])
    assert GPU.match(brought)
