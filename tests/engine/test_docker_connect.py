"""Why there is no engine to work with, in one line each; and what a client does when the engine is slow."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from minisets.engine.docker import DockerEngine
from minisets.engine.docker_address import Address
from minisets.engine.docker_connect import negotiated
from minisets.errors import EngineTimeout, EngineUnavailable
from tests.unix_http import Handler, listening

NOBODY = 65534
MODERN = {"Version": "29.0.0", "ApiVersion": "1.52", "MinAPIVersion": "1.44"}


@contextmanager
def answering(socket: Path, versions: object) -> Iterator[str]:
    """Something that answers /version, and leaves every other call waiting until the end."""
    over = threading.Event()

    class Answer(Handler):
        def answered(self) -> None:
            if not self.path.endswith("/version"):
                over.wait(60)
                self.close_connection = True
                return
            self.send_json(200, json.dumps(versions).encode())

    with listening(socket, Answer):
        try:
            yield f"unix://{socket}"
        finally:
            over.set()


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"no Docker Engine answers at unix://.*gone.*start it, or"):
        DockerEngine.connect(f"unix://{tmp_path}/gone.sock")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permission")
def test_the_socket_is_not_permitted(tmp_path: Path) -> None:
    with answering(tmp_path / "docker.sock", MODERN) as url:
        (tmp_path / "docker.sock").chmod(0o600)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(EngineUnavailable, match=r"permission denied at .* group docker"):
                DockerEngine.connect(url)
        finally:
            os.seteuid(0)


def test_an_engine_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = {"Version": "19.03.15", "ApiVersion": "1.40", "MinAPIVersion": "1.12"}
    with (
        answering(tmp_path / "docker.sock", old) as url,
        pytest.raises(EngineUnavailable, match=r"19\.03\.15 .* speaks API 1\.40: .* needs 1\.41"),
    ):
        DockerEngine.connect(url)


def test_an_engine_on_another_machine_is_refused_before_anybody_is_asked() -> None:
    with pytest.raises(EngineUnavailable, match="not on this machine"):
        DockerEngine.connect("ssh://somebody@example.test")


@pytest.mark.parametrize("versions", [[], {}, {"ApiVersion": "new"}, "hello"])
def test_something_else_that_answers_there_is_no_engine(tmp_path: Path, versions: object) -> None:
    with (
        answering(tmp_path / "docker.sock", versions) as url,
        pytest.raises(EngineUnavailable, match="no Docker Engine"),
    ):
        DockerEngine.connect(url)


def test_a_call_that_takes_too_long_is_a_timeout(tmp_path: Path) -> None:
    with answering(tmp_path / "docker.sock", MODERN) as url:
        engine = DockerEngine.connect(url, timeout=timedelta(seconds=5))
        with pytest.raises(EngineTimeout, match="in time"):
            engine.inspect_container("web-0")
        engine.close()


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [
        ("1.41", "1.12", (1, 41)),
        ("1.47", "1.24", (1, 47)),
        ("1.99", "1.44", (1, 51)),
        ("1.99", "1.60", (1, 60)),
    ],
)
def test_the_newest_version_that_both_know_is_spoken(
    newest: str, oldest: str, spoken: tuple[int, int]
) -> None:
    assert negotiated({"ApiVersion": newest, "MinAPIVersion": oldest}, Address("", "")) == spoken
