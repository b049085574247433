"""The private engine that tests may break, and the guards of the suite itself."""

from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests import leftovers
from tests.engines import PrivateEngine, connected

BUSY = "minisets.test/busy:1"


@pytest.mark.docker
def test_a_private_engine_is_killed_and_started_again_over_its_data(private_engine: PrivateEngine) -> None:
    private_engine.load(BUSY)
    with private_engine.connected() as client:
        client.volumes.create("kept")
        survivor = client.containers.run(
            BUSY, ["idle"], detach=True, name="survivor", restart_policy={"Name": "always"}
        )
        first_process = (
            survivor.attrs["State"]["Pid"] or client.containers.get("survivor").attrs["State"]["Pid"]
        )
        assert first_process > 0

    private_engine.kill()
    with pytest.raises(DockerException), private_engine.connected():
        pass

    private_engine.start()
    with private_engine.connected() as client:
        assert client.containers.get("survivor").status == "running"
        assert client.containers.get("survivor").exec_run(["echo", "still here"]).output == b"still here\n"
        assert [volume.name for volume in client.volumes.list()] == ["kept"]

    private_engine.stop()
    with pytest.raises(DockerException), private_engine.connected():
        pass


@pytest.mark.docker
def test_a_private_engine_leaves_nothing_on_the_machine(docker_engine: docker.DockerClient) -> None:
    with PrivateEngine() as engine:
        engine.load(BUSY)
        with engine.connected() as client:
            client.containers.run(BUSY, ["idle"], detach=True, name="forgotten")
        engine.kill()
        home = engine.home
        assert home.exists()
    assert not home.exists()
    assert home.name not in Path("/proc/self/mountinfo").read_text()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{home.name}"))
    assert not [line for line in _command_lines() if str(home) in line]
    assert not [c for c in docker_engine.containers.list(all=True) if c.name == "forgotten"]


@pytest.mark.docker
def test_leftovers_of_this_session_are_found_and_removed(
    docker_engine: docker.DockerClient, cluster_name: str
) -> None:
    labels = {leftovers.CLUSTER_LABEL: cluster_name}
    client = docker_engine
    client.api.create_container(BUSY, name=cluster_name, labels=labels)
    client.networks.create(cluster_name, labels=labels)
    client.volumes.create(cluster_name, labels=labels)
    process = int(cluster_name.split("-")[1])

    mine = [t for t in leftovers.of_this_session(client, process) if t.cluster == cluster_name]
    others = [t for t in leftovers.of_this_session(client, process + 1) if t.cluster == cluster_name]
    leftovers.remove(client, mine)

    assert [str(thing) for thing in mine] == [
        f"{kind} {cluster_name} of cluster {cluster_name}" for kind in ("container", "network", "volume")
    ]
    assert others == []
    assert not [t for t in leftovers.of_test_clusters(client) if t.cluster == cluster_name]


def test_no_engine_is_said_at_once() -> None:
    with pytest.raises(DockerException), connected("unix:///nonexistent/docker.sock"):
        pass


def _command_lines() -> list[str]:
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(file.read_text(errors="replace"))
        except OSError:  # ended meanwhile
            continue
    return lines
