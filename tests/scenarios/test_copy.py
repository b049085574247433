"""Files go to and come from real containers as they are, by our command line and by kubectl."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.bare import BUSY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scenarios.cluster import Cluster, Ended

pytestmark = pytest.mark.docker

LARGE = 100 * 1024 * 1024
WHILE = timedelta(seconds=120)
PODS = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: copied}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {{name: gnu, image: "minisets.test/tools:1"}}
  - {{name: busybox, image: "{BUSY}"}}
"""
CONTAINERS = ("gnu", "busybox")


@pytest.fixture(scope="module")
def copied(cluster: Cluster) -> Iterator[Cluster]:
    """A pod with both kinds of tar."""
    cluster.minisets("up", "-f", "-", given=PODS).succeeded()
    yield cluster
    cluster.kubectl("delete", "pod", "copied", "--grace-period=0", "--force").succeeded()


def commands(cluster: Cluster) -> dict[str, Callable[..., Ended]]:
    return {"minisets": cluster.minisets, "kubectl": cluster.kubectl}


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("tool", ["minisets", "kubectl"])
def test_a_hundred_megabytes_arrive_both_ways(
    copied: Cluster, tmp_path: Path, tool: str, container: str, measured: Callable[[str], None]
) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(LARGE))
    cp, there = commands(copied)[tool], f"copied:/tmp/{tool}"
    began = time.monotonic()
    cp("cp", large, there, "-c", container, within=WHILE).succeeded()
    up = time.monotonic()
    assert checksum(large) in copied.inside("copied", f"sha256sum /tmp/{tool}", container)
    downwards = time.monotonic()
    cp("cp", there, tmp_path / "back", "-c", container, within=WHILE).succeeded()
    down = time.monotonic()
    assert checksum(tmp_path / "back") == checksum(large)
    copied.inside("copied", f"rm /tmp/{tool}", container)
    measured(
        f"{tool} cp of 100 MiB, tar of {container}: up {LARGE / 2**20 / (up - began):.0f} MiB/s, "
        f"down {LARGE / 2**20 / (down - downwards):.0f} MiB/s"
    )


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_directory_goes_and_comes_back_with_what_is_in_it(
    copied: Cluster, tmp_path: Path, container: str
) -> None:
    some = tmp_path / "some"
    (some / "deep/er").mkdir(parents=True)
    (some / "empty").mkdir()
    (some / "deep/er/file").write_text("text")
    (some / ("long" * 60)).write_text("a name of 240 letters")
    (some / "run").write_text("#!/bin/sh\n")
    (some / "run").chmod(0o755)
    (some / "link").symlink_to("deep/er/file")
    copied.minisets("cp", some, "copied:/tmp", "-c", container).succeeded()
    assert copied.inside("copied", "cat /tmp/some/link && test -x /tmp/some/run", container) == "text"
    copied.inside("copied", "ln -s /etc/passwd /tmp/some/out", container)
    back = copied.minisets("cp", "copied:/tmp/some", tmp_path / "back", "-c", container).succeeded()
    found = {str(path.relative_to(tmp_path / "back")) for path in (tmp_path / "back").rglob("*")}
    assert found == {str(path.relative_to(some)) for path in some.rglob("*")}
    assert (tmp_path / "back/link").readlink() == some.joinpath("link").readlink()
    assert (tmp_path / "back/run").stat().st_mode & 0o777 == 0o755
    path = tmp_path / "back"
    said = f'warning: skipping symlink: "{path}/out" -> "/etc/passwd": it leads out of {path}\n'
    assert back.err == said


def test_a_container_without_tar_is_told(copied: Cluster, tmp_path: Path) -> None:
    """Last: it has none from here on."""
    (tmp_path / "file").write_text("text")
    copied.inside("copied", "rm /bin/tar", "busybox")
    for argv in ((tmp_path / "file", "copied:/tmp"), ("copied:/etc/passwd", tmp_path / "passwd")):
        ended = copied.minisets("cp", *argv, "-c", "busybox")
        assert ended.code in (126, 127)
        assert ended.err.startswith("Error: no tar runs in container busybox of pod copied (exit code 12")
    assert not (tmp_path / "passwd").exists()
