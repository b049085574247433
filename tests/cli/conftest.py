"""The room's fixtures: a home folder of the test's own, a server, and the command line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from minisets.cli.app import app
from tests.whole import Whole, serving


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("MINISETS_HOME", str(folder))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    monkeypatch.delenv("MINISETS_CLUSTER", raising=False)
    return folder


@pytest.fixture
def whole(home: Path) -> Iterator[Whole]:
    with serving(home) as running:
        yield running


@pytest.fixture
def run(home: Path) -> Run:
    """`minisets ...` in this process; an exception that is no exit fails the test."""
    del home

    def ran(*argv: str, stdin: str | bytes = "") -> Ran:
        result = CliRunner().invoke(app, argv, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return ran
