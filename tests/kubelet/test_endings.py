"""What a container says at its end, as its status tells it."""

from datetime import timedelta
from typing import Any

import pytest

from minisets.engine.memory import MemoryEngine
from minisets.engine.specs import ContainerSpec
from minisets.errors import EngineError
from minisets.objects.metadata import status_of
from tests.kubelet.world import SOON, World, container
from tests.waiting import until

PATH = "/dev/termination-log"
FALLBACK = "FallbackToLogsOnError"


def _ended(world: World, said: bytes = b"", code: int = 1, log: bytes = b"", **fields: Any) -> dict[str, Any]:
    """The terminated state of a pod's container that has said that, and ended."""
    with world.kubelet():
        world.create_pod(containers=[container(**fields)], restartPolicy="Never")
        world.wait_ready()
        if said:
            world.engine.write_file("web-0", fields.get("terminationMessagePath", PATH), said)
        if log:
            world.engine.write_log("web-0", log)
        world.engine.exit("web-0", code)
        until(lambda: "terminated" in world.container_status()["state"], "its end", SOON)
        found: dict[str, Any] = world.container_status()["state"]["terminated"]
        return found


def test_the_file_is_there_and_anybodys_to_write_before_the_container_starts(world: World) -> None:
    with world.kubelet():
        world.create_pod()
        world.wait_ready()
        assert world.engine.read_file("web-0", PATH) == b""
        assert world.engine.read_file("web-0_sandbox", "/endings/nginx.0") == b""


@pytest.mark.parametrize("path", [PATH, "/run/why"])
def test_what_it_wrote_is_its_message(world: World, path: str) -> None:
    ended = _ended(world, b"no disk", 3, terminationMessagePath=path)
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (3, "Error", "no disk")


@pytest.mark.parametrize(
    ("said", "code", "policy", "message"),
    [
        (b"", 1, FALLBACK, "of the log\n"),
        (b"own", 1, FALLBACK, "own"),
        (b"", 0, FALLBACK, None),
        (b"", 1, "File", None),
    ],
)
def test_its_log_stands_in_for_a_message_only_where_it_failed_and_that_is_asked_for(
    world: World, said: bytes, code: int, policy: str, message: str | None
) -> None:
    ended = _ended(world, said, code, b"of the log\n", terminationMessagePolicy=policy)
    assert ended.get("message") == message


def test_a_long_message_loses_its_beginning(world: World) -> None:
    """Kubernetes: MaxContainerTerminationMessageLength."""
    assert _ended(world, b"x" + b"y" * 4096)["message"] == "y" * 4096


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (b"".join(b"%d\n" % number for number in range(200)), "".join(f"{n}\n" for n in range(120, 200))),
        (b"x" + b"y" * 2048, "y" * 2048),
    ],
)
def test_of_a_long_log_the_last_lines_are_told_and_of_long_lines_their_end(
    world: World, log: bytes, message: str
) -> None:
    """Kubernetes: 80 lines, 2048 bytes."""
    assert _ended(world, log=log, terminationMessagePolicy=FALLBACK)["message"] == message


def test_the_pods_containers_share_twelve_kibibytes(world: World) -> None:
    names = [f"c{number}" for number in range(6)]
    with world.kubelet():
        world.create_pod(containers=[container(name) for name in names], restartPolicy="Never")
        world.wait_ready()
        world.engine.write_file("web-0_c_c1", PATH, b"z" * 4000)
        world.engine.exit("web-0_c_c1", 1)
        until(lambda: "terminated" in world.container_status(container="c1")["state"], "its end", SOON)
    assert world.container_status(container="c1")["state"]["terminated"]["message"] == "z" * 2048


def test_a_message_outlives_its_container_in_the_last_state(world: World) -> None:
    """A-117. Each start has a file of its own: what the one before wrote is not this one's."""
    with world.kubelet():
        world.create_pod()
        world.wait_ready()
        for number in range(2):
            world.engine.write_file("web-0", PATH, f"end {number}".encode())
            world.engine.exit("web-0", 1)
            world.pass_time(timedelta(seconds=15))
            until(lambda: world.container_status()["restartCount"] == number + 1, "a restart", SOON)  # noqa: B023 - asked before the next turn
            world.wait_ready()
            last = world.container_status()["lastState"]["terminated"]
            assert last["message"] == f"end {number}"
        assert world.engine.read_file("web-0", PATH) == b""


def test_a_new_kubelet_takes_the_message_from_the_record(world: World) -> None:
    _ended(world, b"no disk")
    world.engine.write_file("web-0", PATH, b"changed since")
    with world.kubelet():
        world.create_pod("other")
        world.wait_ready("other")
        assert world.container_status()["state"]["terminated"]["message"] == "no disk"
    assert status_of(world.pod())["phase"] == "Failed"


class GuardedEngine(MemoryEngine):
    """Binds nothing of its own, as one behind a proxy that lets only the person's folders through."""

    def create_container(self, spec: ContainerSpec) -> str:
        if bound := [mount.source for mount in spec.mounts if mount.kind == "bind"]:
            raise EngineError(f"Mounts denied: the path {bound[0]} is not shared")
        return super().create_container(spec)


def test_an_engine_that_binds_nothing_of_its_own_still_runs_the_container() -> None:
    world = World(subnet=None)
    world.engine = GuardedEngine(world.clock)
    with world.kubelet():
        world.create_pod()
        world.wait_ready()
        world.engine.exit("web-0", 1)
        until(lambda: "terminated" in world.container_status()["lastState"], "its end", SOON)
    assert "message" not in world.container_status()["lastState"]["terminated"]
