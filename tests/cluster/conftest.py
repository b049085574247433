"""The room's fixtures: an engine that is none, at which the docker command would look."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from minisets.cluster import image
from minisets.cluster.content import own_content
from minisets.cluster.packing import ASK
from minisets.cluster.places import Places, places
from tests.cluster.person import Person
from tests.cluster.standin import StandIn
from tests.cluster.wire import listening

VARIABLES = ("MINISETS_HOME", "MINISETS_IMAGE", "MINISETS_BASE_IMAGE", "MINISETS_CLUSTER", "DOCKER_CONTEXT")


@pytest.fixture
def where(tmp_path: Path) -> Places:
    """The places of a cluster that was never started."""
    return places("minisets", tmp_path, {"MINISETS_HOME": str(tmp_path)})


@pytest.fixture
def bare_standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An engine with nothing on it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    engine = StandIn()
    with listening(engine, tmp_path / "docker.sock"):
        yield engine
    engine.close()


@pytest.fixture(scope="session")
def of_this_python() -> str:
    """What a base image that has this very Python tells of it."""
    asked = [sys.executable, "-c", ASK]
    return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout


@pytest.fixture
def standin(bare_standin: StandIn) -> StandIn:
    """One that has the control image of this minisets already."""
    bare_standin.add_image(image.name_of(own_content()), {"dev.minisets.kind": "image"})
    return bare_standin


@pytest.fixture
def person(where: Places, standin: StandIn) -> Person:
    del standin
    return Person(where)
