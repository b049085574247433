"""The locked wheels of another platform, as pip gets them: here from a folder, without a network."""

import base64
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

import minisets
from minisets.cluster import packing
from minisets.cluster.packing import Python
from minisets.errors import MinisetsError

LOCK = files("minisets").joinpath("requirements.lock").read_text()
BOOKWORM = Python("cpython-311-x86_64-linux-gnu", (3, 11), "x86_64", "glibc", (2, 36))
ALPINE = Python("cpython-311-x86_64-linux-musl", (3, 11), "x86_64", "musl", (1, 2))


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Makes wheels of one version; the lock that has their hashes. pip sees these and nothing else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    def make(name: str, *tags: str) -> str:
        lock = f"{name}==1.0 \\\n"
        digests = [_wheel(folder, name, tag) for tag in tags]
        return lock + " \\\n".join(f"    --hash=sha256:{digest}" for digest in digests) + "\n"

    return make


def _wheel(folder: Path, name: str, tag: str) -> str:
    """A wheel whose only module tells the tag; its hash."""
    info = f"{name}-1.0.dist-info"
    inside = {
        f"{name}.py": f"TAG = '{tag}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: more\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: false\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    record = "".join(f"{path},{_recorded(text)}\n" for path, text in inside.items())
    inside[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in inside.items():
            archive.writestr(each, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _recorded(text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(text)}"


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: held.read() for entry in tar if (held := tar.extractfile(entry)) is not None}


def test_the_wheel_of_the_bases_platform_is_downloaded_and_packed(wheels: Callable[..., str]) -> None:
    """Not of the platform that this runs on."""
    lock = wheels(
        "fast",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64",
        "cp312-cp312-manylinux_2_34_aarch64",
        "cp312-cp312-manylinux_2_39_aarch64",
        "cp312-cp312-musllinux_1_2_aarch64",
    )
    base = Python("cpython-312-aarch64-linux-gnu", (3, 12), "aarch64", "glibc", (2, 36))
    found = unpacked(packing.downloaded(base, lock, "0123456789ab"))
    assert found["opt/minisets/fast.py"] == b"TAG = 'cp312-cp312-manylinux_2_34_aarch64'\n"
    assert found["opt/minisets/minisets.content"] == b"0123456789ab"
    assert "opt/minisets/minisets/__main__.py" in found
    assert all(name.startswith("opt/minisets/") for name in found)


@pytest.mark.parametrize(
    ("base", "tag"),
    [
        pytest.param(ALPINE, "cp311-cp311-musllinux_1_2_x86_64", id="musl"),
        pytest.param(BOOKWORM, "cp311-cp311-manylinux2014_x86_64", id="an-older-platform"),
        pytest.param(BOOKWORM, "cp39-abi3-manylinux_2_28_x86_64", id="the-stable-abi"),
        pytest.param(BOOKWORM, "py3-none-any", id="any"),
    ],
)
def test_wheels_of_every_kind_that_runs_there_are_found(
    wheels: Callable[..., str], base: Python, tag: str
) -> None:
    found = unpacked(packing.downloaded(base, wheels("fast", tag), "c"))
    assert found["opt/minisets/fast.py"] == f"TAG = '{tag}'\n".encode()


def test_a_wheel_that_was_changed_is_refused(wheels: Callable[..., str]) -> None:
    lock = wheels("fast", "py3-none-any")
    wrong = re.sub(r"sha256:.", "sha256:0" if "sha256:0" not in lock else "sha256:1", lock)
    with pytest.raises(MinisetsError, match=r"pip could not get them: .*HASH"):
        packing.downloaded(BOOKWORM, wrong, "c")


def test_how_a_person_likes_pip_to_install_does_not_matter(
    wheels: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`user = true` in pip.conf."""
    monkeypatch.setenv("PIP_USER", "1")
    assert packing.downloaded(BOOKWORM, wheels("fast", "py3-none-any"), "c")


def test_the_real_lock_is_read_by_pip_and_what_it_misses_is_named(wheels: Callable[..., str]) -> None:
    del wheels
    with pytest.raises(MinisetsError, match=r"pip could not get them: No matching .* for aiohappyeyeballs=="):
        packing.downloaded(BOOKWORM, LOCK, "c")


def test_without_any_pip_that_is_said() -> None:
    script = (
        "from minisets.cluster.packing import Python, downloaded; from minisets.errors import MinisetsError\n"
        "try: downloaded(Python('', (3, 11), 'x86_64', 'glibc', (2, 36)), '', 'c')\n"
        "except MinisetsError as error: print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": str(Path(minisets.__file__).parents[1]), "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stdout == "there is no pip here to get them with: install pip\n"
