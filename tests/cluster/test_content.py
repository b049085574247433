"""Which minisets it is, as a hash of its files: the same for the same, another for any other."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import minisets
from minisets.cluster.content import WRITTEN_DOWN, content_of, own_content, source_files

FILES = {"__init__.py": "", "loop.py": "def run(): ...\n", "cluster/__init__.py": "", "schema.sql": "-- 1\n"}
NO_RECORD = Path("/nowhere/RECORD")

BY_PIP = """\
../../../bin/minisets,sha256=_x4w4oB1aW1hNnqH_F2yHlGk9s_W5w35Waj10UDJjhs,228
minisets-0.1.0.dist-info/INSTALLER,sha256=zuuue4knoyJ-UwPPXg8fezS7VCrXJQrAP7zeNuwvFQg,4
minisets-0.1.0.dist-info/METADATA,sha256=dXLxTX9_k3YUPFX1NKTAOFDEuhdBkynB-8HIQ9rcJgA,6521
minisets-0.1.0.dist-info/RECORD,,
minisets-0.1.0.dist-info/REQUESTED,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0
minisets/__init__.py,sha256=fNSDYCuUDtWmOk5DBjQ5ZDjZlBjTcxmtzDsDrGtMjlc,1412
minisets/__pycache__/__init__.cpython-311.pyc,,
minisets/__pycache__/loop.cpython-311.pyc,,
minisets/loop.py,sha256=WJtjAaw2J5ywWMMNJNgJYMbAK7Zh0NYB3mKv0Tvndb8,8233
"""
BY_UV = """\
../../../bin/minisets,sha256=jR5S8uYNVqvYlqPp0dkGqHpQdxgOgmx4kxwDTUHPtzA,331
minisets/__init__.py,sha256=fNSDYCuUDtWmOk5DBjQ5ZDjZlBjTcxmtzDsDrGtMjlc,1412
minisets/loop.py,sha256=WJtjAaw2J5ywWMMNJNgJYMbAK7Zh0NYB3mKv0Tvndb8,8233
minisets-0.1.0.dist-info/METADATA,sha256=dXLxTX9_k3YUPFX1NKTAOFDEuhdBkynB-8HIQ9rcJgA,6521
minisets-0.1.0.dist-info/RECORD,,
minisets-0.1.0.dist-info/INSTALLER,sha256=5hhM4Q4mYTT9z6QB6PGpUAW81PGNFrYrdXMj4oM_6ak,2
minisets-0.1.0.dist-info/uv_cache.json,sha256=y8fVMsOUDpeCIpI5VOK1EXC1UqZFnxxYcLFNUbSgzlQ,88
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the files of a package."""
    return made(tmp_path / "minisets")


def made(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def of_files(package: Path) -> str:
    return content_of(package, NO_RECORD)


def of_record(package: Path, text: str) -> str:
    record = package.parent / "RECORD"
    record.write_text(text)
    return content_of(package, record)


# --- of files ---


def test_it_is_short_and_can_be_an_images_tag(package: Path) -> None:
    found = of_files(package)
    assert len(found) == 12
    assert set(found) <= set("0123456789abcdef")


def test_the_same_files_elsewhere_are_the_same_minisets(package: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "elsewhere" / "another-name")
    for file in source_files(other):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    assert of_files(other) == of_files(package)


def change_a_byte(package: Path) -> None:
    (package / "loop.py").write_text("def run(): ..;\n")


def add_an_empty_file(package: Path) -> None:
    (package / "cluster" / "new.py").write_text("")


def remove_an_empty_file(package: Path) -> None:
    (package / "cluster" / "__init__.py").unlink()


def rename(package: Path) -> None:
    (package / "loop.py").rename(package / "pool.py")


def move(package: Path) -> None:
    (package / "schema.sql").rename(package / "cluster" / "schema.sql")


def swap(package: Path) -> None:
    loop, schema = (package / "loop.py").read_text(), (package / "schema.sql").read_text()
    (package / "loop.py").write_text(schema)
    (package / "schema.sql").write_text(loop)


def change_what_is_no_program(package: Path) -> None:
    (package / "schema.sql").write_text("-- 2\n")


@pytest.mark.parametrize(
    "change",
    [
        change_a_byte,
        add_an_empty_file,
        remove_an_empty_file,
        rename,
        move,
        swap,
        change_what_is_no_program,
    ],
)
def test_any_change_makes_another_minisets(package: Path, change: Callable[[Path], None]) -> None:
    before = of_files(package)
    change(package)
    assert of_files(package) != before


def test_what_python_compiled_does_not_count(package: Path) -> None:
    before = of_files(package)
    for folder in (package / "__pycache__", package / "cluster" / "__pycache__"):
        folder.mkdir()
        (folder / "loop.cpython-311.pyc").write_bytes(b"\0")
    assert of_files(package) == before


def test_a_link_to_nowhere_does_not_count(package: Path) -> None:
    """Emacs marks a file that is being changed so: `.#loop.py -> ann@host.4242:1700000000`."""
    before = of_files(package)
    (package / ".#loop.py").symlink_to("ann@host.4242:1700000000")
    assert of_files(package) == before


# --- of an installed wheel ---


def test_installers_write_the_record_differently_and_that_does_not_matter(package: Path) -> None:
    by_pip = of_record(package, BY_PIP)
    assert of_record(package, BY_UV) == by_pip
    assert of_record(package, BY_PIP.replace("\n", "\r\n")) == by_pip
    assert of_record(package, "".join(reversed(BY_PIP.splitlines(keepends=True)))) == by_pip


def test_of_a_wheel_the_record_counts_and_the_files_are_not_read(package: Path) -> None:
    before = of_record(package, BY_PIP)
    shutil.rmtree(package)
    assert of_record(package, BY_PIP) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("WJtjAaw2", "WJtjAaw3", id="another-hash"),
        pytest.param("minisets/loop.py", "minisets/pool.py", id="another-name"),
        pytest.param(
            "minisets/loop.py,sha256", "minisets/a.py,sha256=X,1\nminisets/loop.py,sha256", id="added"
        ),
    ],
)
def test_another_line_of_the_package_makes_another_minisets(package: Path, old: str, new: str) -> None:
    assert of_record(package, BY_PIP.replace(old, new)) != of_record(package, BY_PIP)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("_editable_impl_minisets.pth,sha256=8q9sCXq4M3Z31RkDcq6B,10\n", id="editable"),
        pytest.param("minisets/loop.py,,\n", id="without-hashes"),
        pytest.param("minisets_extra/loop.py,sha256=8q9sCXq4M3Z31RkDcq6B,10\n", id="anothers"),
    ],
)
def test_a_record_that_does_not_list_the_package_leaves_it_to_the_files(package: Path, text: str) -> None:
    assert of_record(package, text) == of_files(package)


# --- the package that runs ---


def told_by(folder: Path) -> str:
    """What the minisets in that folder says of itself, in a process of its own."""
    script = "from minisets.cluster.content import own_content; print(own_content(), end='')"
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(folder), "PATH": os.defpath},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return ran.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package that runs here, without what was compiled."""
    source = Path(minisets.__file__).parent
    shutil.copytree(source, tmp_path / "minisets", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_copy_of_this_package_is_this_minisets(copy: Path) -> None:
    assert told_by(copy) == of_files(copy / "minisets") == of_files(Path(minisets.__file__).parent)


def test_of_an_installed_wheel_the_record_beside_it_is_read(copy: Path) -> None:
    folder = copy / f"minisets-{minisets.__version__}.dist-info"
    folder.mkdir()
    (folder / "RECORD").write_text(BY_UV)
    assert told_by(copy) == content_of(copy / "minisets", folder / "RECORD") != of_files(copy / "minisets")


def test_what_is_written_down_beside_the_package_wins(copy: Path) -> None:
    """In an image: whatever was compiled, or lost, on the way into it."""
    (copy / WRITTEN_DOWN).write_text("0123456789ab")
    assert told_by(copy) == "0123456789ab"


def test_it_is_found_out_once() -> None:
    assert own_content() is own_content()
