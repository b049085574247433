"""A person without root: in the group docker, with a wheel in an empty virtual environment, no more."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import leftovers
from tests.engines import engine_address
from tests.scenarios import article
from tests.scenarios.cluster import ROOT, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

pytestmark = pytest.mark.docker

PYTHON = "/usr/bin/python3"
LOCK = ROOT / "minisets/requirements.lock"


@dataclass(frozen=True)
class Person:
    """A user of this machine, and the folder that is theirs."""

    name: str
    home: Path

    @property
    def prefix(self) -> tuple[str, ...]:
        """As whom a command runs."""
        return (
            "setpriv",
            "--reuid",
            self.name,
            "--regid",
            self.name,
            "--init-groups",
            "--no-new-privs",
            "--",
        )

    def does(self, *words: str | Path) -> None:
        subprocess.run(
            [*self.prefix, *map(str, words)],
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            cwd=self.home,
            check=True,
            timeout=300,
        )


class ClusterOfAPerson(Cluster):
    """Files go to the person's home first: others' are not for them to read."""

    def file(self, path: Path) -> Path:
        copy = self.home / path.name
        shutil.copy(path, copy)
        copy.chmod(0o644)
        return copy


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    """In the group docker, and in no other."""
    assert os.geteuid() == 0, (
        "this test makes a user of its own: it runs as root, as continuous integration does"
    )
    home = Path(tempfile.mkdtemp(prefix="minisets-person-"))
    name = f"ms-{os.getpid()}-{secrets.token_hex(2)}"
    subprocess.run(
        ["useradd", "--no-create-home", "--home-dir", home, "--groups", "docker", name],
        check=True,
        timeout=30,
    )
    try:
        shutil.chown(home, name, name)
        yield Person(name, home)
    finally:
        subprocess.run(["userdel", name], check=True, timeout=30)
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def command(person: Person) -> Path:
    """`minisets` from a wheel, as the person installs it; what it depends on as it is locked."""
    wheels = person.home / "wheels"
    building = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(wheels)]
    subprocess.run(building, cwd=ROOT, check=True, timeout=120, capture_output=True)
    (wheel,) = wheels.iterdir()
    wheel.chmod(0o644)
    lock = person.home / LOCK.name
    shutil.copy(LOCK, lock)
    lock.chmod(0o644)
    environment = person.home / "venv"
    person.does(PYTHON, "-m", "venv", environment)
    pip = (environment / "bin/pip", "--quiet", "--disable-pip-version-check", "install")
    person.does(*pip, "--require-hashes", "--requirement", lock)
    person.does(*pip, "--no-deps", wheel)
    return environment / "bin/minisets"


@pytest.fixture
def cluster(person: Person, command: Path, docker_engine: docker.DockerClient) -> Iterator[Cluster]:
    name = leftovers.cluster_name(os.getpid(), secrets.token_hex(3))
    home = person.home / name
    home.mkdir()
    shutil.chown(home, person.name, person.name)
    cluster = ClusterOfAPerson(name, home, docker_engine, engine_address(), person.prefix)
    cluster.command = (str(command),)
    cluster.code = home
    yield cluster
    cluster.close()


def test_the_person_is_nobody_special(cluster: Cluster, person: Person) -> None:
    """Else the walks below would prove nothing."""
    groups = cluster.shell("id -un; id -Gn; cat /root/.profile /etc/shadow")
    assert groups.out.splitlines() == [person.name, f"{person.name} docker"]
    assert groups.err.count("Permission denied") == 2
    assert str(person.home) in cluster.shell("command -v minisets").succeeded().out


def test_the_article_runs_by_our_command_line(cluster: Cluster, person: Person) -> None:
    article.walk_by_our_command_line(cluster)
    owner = pwd.getpwnam(person.name).pw_uid
    kubeconfig = cluster.places.kubeconfig.stat()
    assert (kubeconfig.st_uid, kubeconfig.st_mode & 0o777) == (owner, 0o600)


def test_the_article_runs_by_kubectl_alone(cluster: Cluster, kubectl: str) -> None:
    del kubectl
    cluster.start()
    article.walk_by_kubectl(cluster)
