"""Scenarios run on clusters of their own: one a module where the tests leave each other alone, else one each.

What a cluster looked like is printed with each failure.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from typing import TYPE_CHECKING

import pytest

from minisets.cluster import image
from minisets.cluster.content import own_content
from minisets.cluster.mending import connected
from tests import leftovers
from tests.scenarios.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import docker

open_clusters = pytest.StashKey[list[Cluster]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[open_clusters] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        for cluster in item.config.stash[open_clusters]:
            report.sections.append((f"cluster {cluster.name}", cluster.story()))
    return report


@contextlib.contextmanager
def _opened(
    config: pytest.Config, factory: pytest.TempPathFactory, engine: docker.DockerClient
) -> Iterator[Cluster]:
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    cluster = Cluster(name, factory.mktemp(name), engine)
    config.stash[open_clusters].append(cluster)
    try:
        yield cluster
    finally:
        config.stash[open_clusters].remove(cluster)
        cluster.close()


@pytest.fixture(scope="module")
def cluster(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    docker_engine: docker.DockerClient,
) -> Iterator[Cluster]:
    """A running, empty cluster that a module's tests share: each uses names of its own."""
    with _opened(request.config, tmp_path_factory, docker_engine) as cluster:
        cluster.start()
        yield cluster


@pytest.fixture
def own_cluster(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    docker_engine: docker.DockerClient,
) -> Iterator[Cluster]:
    """A cluster that nobody has started yet."""
    with _opened(request.config, tmp_path_factory, docker_engine) as cluster:
        yield cluster


@pytest.fixture
def control_image(docker_engine: docker.DockerClient) -> str:
    """The control image of this code, which the suite's engine has: to be copied to others.

    Why for each test: the end of a cluster takes the image with it when no other one uses it.
    """
    del docker_engine
    with connected() as calls:
        return image.ensure(calls, image.sources(own_content(), os.environ), print)


@pytest.fixture(scope="session")
def kubectl() -> str:
    """Where kubectl is. It is not ours to install."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl on this machine: what kubectl sees is not shown here")
    return found
