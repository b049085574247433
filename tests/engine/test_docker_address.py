"""Which engine is meant, as the docker command decides it."""

import hashlib
import json
from pathlib import Path

import pytest

from minisets.engine.docker_address import DEFAULT_URL, Address, find
from minisets.errors import EngineUnavailable


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with the Docker context `colima`."""
    meta = tmp_path / ".docker" / "contexts" / "meta" / hashlib.sha256(b"colima").hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": "colima", "Endpoints": {"docker": {"Host": "unix:///colima.sock"}}}))
    return tmp_path


def use(home: Path, text: str) -> None:
    (home / ".docker" / "config.json").write_text(text)


def test_without_any_word_it_is_the_default_socket(tmp_path: Path) -> None:
    assert find(environ={"HOME": str(tmp_path)}).url == DEFAULT_URL


def test_the_current_context_counts(home: Path) -> None:
    use(home, '{"currentContext": "colima"}')
    found = find(environ={"HOME": str(home)})
    assert str(found) == "unix:///colima.sock (from the Docker context 'colima')"


def test_docker_context_counts_more_even_without_a_config_file(home: Path) -> None:
    assert find(environ={"HOME": str(home), "DOCKER_CONTEXT": "colima"}).url == "unix:///colima.sock"
    use(home, '{"currentContext": "colima"}')
    assert find(environ={"HOME": str(home), "DOCKER_CONTEXT": "default"}).url == DEFAULT_URL


def test_docker_host_counts_more_than_any_context(home: Path) -> None:
    environ = {"HOME": str(home), "DOCKER_CONTEXT": "colima", "DOCKER_HOST": "unix:///mine.sock"}
    assert find(environ=environ).url == "unix:///mine.sock"
    assert find("unix:///asked.sock", environ).url == "unix:///asked.sock"


def test_docker_config_says_where_contexts_are(home: Path) -> None:
    environ = {"HOME": "/nowhere", "DOCKER_CONFIG": str(home / ".docker"), "DOCKER_CONTEXT": "colima"}
    assert find(environ=environ).url == "unix:///colima.sock"


def test_a_context_that_does_not_exist_is_an_error_with_the_next_step(home: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"'gone' does not exist.*docker context ls"):
        find(environ={"HOME": str(home), "DOCKER_CONTEXT": "gone"})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"currentContext": ""}'])
def test_a_config_file_that_says_nothing_is_passed_over(home: Path, text: str) -> None:
    use(home, text)
    assert find(environ={"HOME": str(home)}).url == DEFAULT_URL


@pytest.mark.parametrize(
    "url",
    ["unix:///x.sock", "npipe:////./pipe/x", "tcp://127.0.0.1:2375", "tcp://localhost:1", "tcp://[::1]:1"],
)
def test_sockets_and_loopback_addresses_are_local(url: str) -> None:
    assert Address(url, "").is_local


@pytest.mark.parametrize("url", ["ssh://me@localhost", "tcp://10.0.0.1:2375", "tcp://docker:2375", "x"])
def test_anything_else_is_another_machine(url: str) -> None:
    assert not Address(url, "").is_local
