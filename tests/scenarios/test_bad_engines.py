"""Engines that cannot be worked with: `up` says why in one line, and makes nothing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import unix_http
from tests.scenarios.cluster import ARTICLE, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.scenarios.cluster import Ended

pytestmark = pytest.mark.docker

AT_ONCE = timedelta(seconds=15)
SOMEBODY = 12345


def up(own: Cluster, address: str, prefix: Sequence[str] = ()) -> Ended:
    """`up` of a cluster on that engine: it fails in one line, and nothing of it is there."""
    cluster = Cluster(own.name, own.home, own.engine, address, prefix)
    ended = cluster.minisets("up", "-f", ARTICLE, within=AT_ONCE).failed()
    assert len(ended.err.strip().splitlines()) == 1, ended
    assert ended.err.startswith("Error: ")
    assert ended.out == ""
    assert not cluster.places.state.exists()
    assert own.everything() == []
    return ended


@pytest.fixture
def socket_path(own_cluster: Cluster) -> Path:
    """Short: a socket's path has about a hundred characters."""
    path = own_cluster.home / "docker.sock"
    return path if len(str(path)) < 100 else Path(os.path.relpath(path))


def test_no_engine_answers(own_cluster: Cluster, socket_path: Path) -> None:
    ended = up(own_cluster, f"unix://{socket_path}")
    assert f"no Docker Engine answers at unix://{socket_path}" in ended.err
    assert "start it, or point DOCKER_HOST" in ended.err


def test_nobody_listens_at_the_socket_any_more(own_cluster: Cluster, socket_path: Path) -> None:
    """As a dockerd that was killed leaves it."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path))
    assert "no Docker Engine answers" in up(own_cluster, f"unix://{socket_path}").err


def test_the_socket_is_not_permitted(own_cluster: Cluster, socket_path: Path) -> None:
    with listening(socket_path):
        prefix: tuple[str, ...] = ()
        socket_path.chmod(0)
        if os.geteuid() == 0:
            # Why: root may open anything, unless it gave up this right and somebody else owns the socket.
            assert shutil.which("setpriv"), "util-linux is missing"
            os.chown(socket_path, SOMEBODY, SOMEBODY)
            prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--")
        ended = up(own_cluster, f"unix://{socket_path}", prefix)
    assert f"permission denied at unix://{socket_path}" in ended.err
    assert "usermod -aG docker" in ended.err


def test_the_engine_is_older_than_what_we_speak(own_cluster: Cluster, socket_path: Path) -> None:
    with old_engine(socket_path):
        ended = up(own_cluster, f"unix://{socket_path}")
    assert "the Docker Engine 19.03.15" in ended.err
    assert "speaks API 1.40: minisets needs 1.41 or newer" in ended.err
    assert "upgrade it" in ended.err


def test_what_answers_is_no_engine(own_cluster: Cluster, socket_path: Path) -> None:
    with serving(socket_path, b"<html>welcome</html>"):
        ended = up(own_cluster, f"unix://{socket_path}")
    assert "is no Docker Engine" in ended.err


def test_an_engine_on_another_machine_is_not_even_asked(own_cluster: Cluster) -> None:
    """The address is one that nobody answers at: a connection would take longer than the deadline."""
    ended = up(own_cluster, "tcp://192.0.2.1:2375")
    assert "tcp://192.0.2.1:2375 (from DOCKER_HOST) is not on this machine" in ended.err


# --- false engines ---


@contextlib.contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        yield


def old_engine(path: Path) -> contextlib.AbstractContextManager[None]:
    said = {"Version": "19.03.15", "ApiVersion": "1.40", "MinAPIVersion": "1.12", "Os": "linux"}
    return serving(path, json.dumps(said).encode())


@contextlib.contextmanager
def serving(path: Path, body: bytes) -> Iterator[None]:
    """Something that answers every GET on the socket with these bytes."""

    class Answer(unix_http.Handler):
        def answered(self) -> None:
            self.send_json(200, body)

    with unix_http.listening(path, Answer):
        yield
