"""What goes into a control image: what is installed here, or the locked wheels for another platform."""

import io
import json
import platform
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import minisets
from minisets.cluster import packing
from minisets.cluster.packing import Python, canonical, for_linux, needed, platforms, python_told

LOCK = files("minisets").joinpath("requirements.lock").read_text()
FACTS: dict[str, Any] = {
    "abi": "cpython-311-x86_64-linux-gnu",
    "version": [3, 11],
    "machine": "x86_64",
    "libc": "glibc",
    "libc_version": [2, 36],
    "implementation": "cpython",
}
BOOKWORM = Python("cpython-311-x86_64-linux-gnu", (3, 11), "x86_64", "glibc", (2, 36))
ALPINE = Python("cpython-311-x86_64-linux-musl", (3, 11), "x86_64", "musl", (1, 2))
CLIENTS_ONLY = {"rich", "pygments", "markdown-it-py", "mdurl", "websockets"}


def locked() -> dict[str, str]:
    """The lock's requirements: name, and marker."""
    heads = [line.rstrip(" \\") for line in LOCK.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return {canonical(head): head.partition(";")[2].strip() for head in heads}


def written(text: str) -> dict[str, list[str]]:
    """Requirements as pip reads them: name==version, and its hashes."""
    found = {}
    for logical in text.replace("\\\n", " ").strip().splitlines():
        requirement, *hashes = logical.split()
        found[requirement] = hashes
    return found


# --- what a Python tells of itself ---


def test_what_a_base_tells_is_read() -> None:
    assert python_told(FACTS) == BOOKWORM


def test_any_python_can_be_asked() -> None:
    """This one, in a process of its own, as a base image's is."""
    ran = subprocess.run(
        [sys.executable, "-c", packing.ASK], capture_output=True, text=True, timeout=30, check=True
    )
    found = python_told(json.loads(ran.stdout))
    assert found.abi == sysconfig.get_config_var("SOABI")
    assert found.version == sys.version_info[:2]
    assert found.machine == platform.machine()
    assert found.libc in ("glibc", "musl")
    assert ran.stderr == ""


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"implementation": "pypy"}, id="pypy"),
        pytest.param({"version": None}, id="no-version"),
        pytest.param({"version": "3.11"}, id="a-version-in-words"),
        pytest.param({"version": [3]}, id="half-a-version"),
        pytest.param({"version": [3, "eleven"]}, id="a-version-of-words"),
        pytest.param({"version": [3, None]}, id="a-version-of-nothing"),
        pytest.param({"libc_version": [2]}, id="half-a-libc"),
    ],
)
def test_what_is_no_such_python_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        python_told(FACTS | change)


@pytest.mark.parametrize("missing", list(FACTS))
def test_what_tells_only_half_is_refused(missing: str) -> None:
    with pytest.raises(KeyError):
        python_told({name: value for name, value in FACTS.items() if name != missing})


@pytest.mark.parametrize("said", ["[]", "null", '"3.11"', "3"])
def test_json_that_is_no_object_is_refused(said: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        python_told(json.loads(said))


@pytest.mark.parametrize(
    ("abi", "expected"),
    [
        pytest.param(sysconfig.get_config_var("SOABI"), sys.platform == "linux", id="ours"),
        pytest.param("cpython-399-x86_64-linux-gnu", False, id="another-version"),
        pytest.param(f"{sysconfig.get_config_var('SOABI')}-musl", False, id="another-libc"),
        pytest.param("", False, id="unknown"),
    ],
)
def test_what_is_installed_here_fits_the_same_python_only(abi: str, *, expected: bool) -> None:
    assert packing.fits(Python(abi, (3, 11), "x86_64", "glibc", (2, 36))) is expected


# --- what is installed here ---


def test_a_server_needs_what_the_lock_says_and_no_clients_libraries() -> None:
    names = [canonical(found.name) for found in needed()]
    assert set(names) == {name for name in locked() if name not in CLIENTS_ONLY | {"pywin32"}}
    assert {"aiohttp", "docker", "cryptography", "dnslib", "pyyaml", "urllib3", "click", "cffi"} <= set(names)
    assert {"minisets", "pytest", "mypy", "pip", "setuptools"}.isdisjoint(names)
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def packed() -> dict[str, tarfile.TarInfo]:
    """The archive's entries by name."""
    with tarfile.open(fileobj=io.BytesIO(packing.installed("0123456789ab"))) as tar:
        entries = tar.getmembers()
    assert len({entry.name for entry in entries}) == len(entries), "an entry is there twice"
    return {entry.name: entry for entry in entries}


def test_everything_in_the_archive_is_a_file_of_roots_that_all_may_read(
    packed: dict[str, tarfile.TarInfo],
) -> None:
    assert Counter((entry.isreg(), entry.uid, entry.gid, entry.mode) for entry in packed.values()) == {
        (True, 0, 0, 0o644): len(packed)
    }


def test_everything_in_the_archive_lies_below_one_folder(packed: dict[str, tarfile.TarInfo]) -> None:
    for name in packed:
        assert name.startswith("opt/minisets/")
        assert not {"", ".", ".."} & set(name.split("/")), name


def test_the_archive_has_the_package_its_libraries_and_which_it_is(
    packed: dict[str, tarfile.TarInfo],
) -> None:
    for name in (
        "minisets/__main__.py",
        "minisets/objects/schema.json",
        "minisets/store/schema.sql",
        "minisets/requirements.lock",
        "minisets.content",
        "aiohttp/__init__.py",
        "yaml/__init__.py",
        "typing_extensions.py",
        "docker/__init__.py",
    ):
        assert f"opt/minisets/{name}" in packed
    assert any(re.fullmatch(r"opt/minisets/aiohttp-.*\.dist-info/METADATA", name) for name in packed)
    assert any(name.startswith("opt/minisets/minisets/engine/pause/pause") for name in packed)


def test_no_commands_nor_clients_libraries_are_in_the_archive(packed: dict[str, tarfile.TarInfo]) -> None:
    tops = {name.split("/")[2] for name in packed}
    assert {"bin", "rich", "pygments", "websockets", "markdown_it", "mdurl", "pytest"}.isdisjoint(tops)


def test_the_whole_package_is_in_the_archive(packed: dict[str, tarfile.TarInfo]) -> None:
    package = Path(minisets.__file__).parent
    sources = {
        f"opt/minisets/minisets/{file.relative_to(package).as_posix()}"
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sources <= set(packed)


def test_times_are_kept_for_compiled_files_name_them(packed: dict[str, tarfile.TarInfo]) -> None:
    package = Path(minisets.__file__).parent
    for name in ("__init__.py", "cluster/packing.py"):
        assert packed[f"opt/minisets/minisets/{name}"].mtime == int((package / name).stat().st_mtime)


def test_the_archive_says_which_minisets_it_is() -> None:
    with tarfile.open(fileobj=io.BytesIO(packing.installed("0123456789ab"))) as tar:
        told = tar.extractfile("opt/minisets/minisets.content")
        assert told is not None
        assert told.read() == b"0123456789ab"


# --- names ---


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("aiohttp>=3.10", "aiohttp"),
        ("PyYAML>=6.0.2", "pyyaml"),
        ("typing_extensions", "typing-extensions"),
        ("ruamel.yaml==1", "ruamel-yaml"),
        ("a-_.b", "a-b"),
        ("cffi==2.1.1 ; platform_python_implementation != 'PyPy' \\", "cffi"),
        ("requests[socks]>=2", "requests"),
        ("pywin32>=304; sys_platform == 'win32'", "pywin32"),
        ("docker @ https://example.test/docker.whl", "docker"),
        ("", ""),
        ("# via docker", ""),
    ],
)
def test_a_requirement_has_a_name_as_indexes_write_it(requirement: str, name: str) -> None:
    assert canonical(requirement) == name


# --- wheels for another platform ---

KEPT_MARKERS = {
    "",
    "platform_python_implementation != 'PyPy'",
    "implementation_name != 'PyPy' and platform_python_implementation != 'PyPy'",
    "python_full_version < '3.13'",
}
"""True on every CPython that we know, or needed by an older one only: these are taken everywhere."""
DROPPED_MARKERS = {"sys_platform == 'win32'"}


def test_every_marker_in_the_lock_is_of_a_kind_that_for_linux_was_written_for() -> None:
    """A new kind, such as `sys_platform != 'win32'` or `os_name == 'nt'`, needs a look at `for_linux`."""
    assert set(locked().values()) <= KEPT_MARKERS | DROPPED_MARKERS


def test_what_a_linux_server_needs_is_taken_from_the_lock() -> None:
    names = {canonical(requirement) for requirement in written(for_linux(LOCK))}
    kept = {name for name, marker in locked().items() if marker in KEPT_MARKERS}
    assert names == kept - CLIENTS_ONLY
    assert "pywin32" in locked()
    assert "pywin32" not in names


def test_markers_are_taken_off_for_pip_would_judge_them_by_its_own_python() -> None:
    assert ";" not in for_linux(LOCK)


def test_every_hash_is_kept() -> None:
    found = written(for_linux(LOCK))
    for requirement, hashes in found.items():
        block = LOCK.partition(f"{requirement} ")[2] or pytest.fail(requirement)
        expected = re.findall(r"--hash=\S+", re.split(r"\n(?=\S)", block)[0])
        assert hashes == expected
        assert hashes


def test_requirements_are_read_with_their_comments_and_blank_lines_left_out() -> None:
    lock = (
        "# made by uv\n\naiohttp==3 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n    # via minisets\n"
        "rich==1 \\\n    --hash=sha256:c\n"
        "pywin32==2 ; sys_platform == 'win32' \\\n    --hash=sha256:d\n"
        "cffi==4 ; platform_python_implementation != 'PyPy' \\\n    --hash=sha256:e\n"
    )
    assert for_linux(lock) == (
        "aiohttp==3 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\ncffi==4 \\\n    --hash=sha256:e\n"
    )


@pytest.mark.parametrize(
    ("base", "newest", "oldest", "count"),
    [
        pytest.param(BOOKWORM, "manylinux_2_36_x86_64", "manylinux1_x86_64", 35, id="glibc-2.36-x86_64"),
        pytest.param(
            Python("", (3, 12), "aarch64", "glibc", (2, 41)),
            "manylinux_2_41_aarch64",
            "manylinux2014_aarch64",
            38,
            id="glibc-2.41-aarch64",
        ),
        pytest.param(
            Python("", (3, 11), "x86_64", "glibc", (2, 17)),
            "manylinux_2_17_x86_64",
            "manylinux1_x86_64",
            16,
            id="the-oldest-glibc",
        ),
        pytest.param(ALPINE, "musllinux_1_2_x86_64", "musllinux_1_1_x86_64", 2, id="musl-x86_64"),
        pytest.param(
            Python("", (3, 11), "aarch64", "musl", (1, 2)),
            "musllinux_1_2_aarch64",
            "musllinux_1_1_aarch64",
            2,
            id="musl-aarch64",
        ),
    ],
)
def test_wheels_that_run_there_are_asked_for_the_newest_first(
    base: Python, newest: str, oldest: str, count: int
) -> None:
    tags = platforms(base)
    assert (tags[0], tags[-1], len(tags)) == (newest, oldest, count)
    assert len(set(tags)) == count
    assert all(tag.endswith(f"_{base.machine}") for tag in tags)


def test_no_wheel_for_a_newer_c_library_is_asked_for() -> None:
    newer = [
        tag for tag in platforms(BOOKWORM) if (m := re.match(r"manylinux_2_(\d+)_", tag)) and int(m[1]) > 36
    ]
    assert newer == []
