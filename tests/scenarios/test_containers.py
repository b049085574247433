"""What containers are told, and what is told of them: ends, failures, environment, limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.engine import labels
from minisets.objects.metadata import moment, status_of
from tests.scenarios.bare import (
    BUSY,
    WAITS,
    built,
    container_status,
    ended,
    made,
    pod,
    running,
    state,
    told,
    waits_for,
)
from tests.scenarios.cluster import DEADLINE, PROMPTLY, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker


# --- the end ---


def test_an_end_is_told_by_its_code(cluster: Cluster) -> None:
    """A-117, A-121."""
    made(cluster, pod("well", "exit 0"), pod("badly", "exit 1"), pod("killed", WAITS))
    running(cluster, "killed")
    cluster.engine.containers.get(cluster.named("killed")).kill()
    found = {name: ended(cluster, name) for name in ("well", "badly", "killed")}
    assert {name: (one["exitCode"], one["reason"]) for name, one in found.items()} == {
        "well": (0, "Completed"),
        "badly": (1, "Error"),
        "killed": (137, "Error"),
    }
    phases = {name: status_of(cluster.pod(name))["phase"] for name in found}
    assert phases == {"well": "Succeeded", "badly": "Failed", "killed": "Failed"}
    for one in found.values():
        assert one["startedAt"] <= one["finishedAt"]
        assert one["containerID"].startswith("docker://")


def test_an_empty_memory_is_told_by_its_name_whenever_the_engine_tells_it(cluster: Cluster) -> None:
    """A-117. Trap: a busy Docker tells it after the end, in an event only (3 of 150), or not at all (1)."""
    began, names = cluster.engine.info()["SystemTime"], {f"greedy-{number}" for number in range(3)}
    greedy = {"command": ["tail", "/dev/zero"], "resources": {"limits": {"memory": "16Mi"}}}
    made(cluster, *(pod(name, container=greedy) for name in names))
    assert {ended(cluster, name)["exitCode"] for name in names} == {137}
    assert {status_of(cluster.pod(name))["phase"] for name in names} == {"Failed"}

    def told_by_both() -> bool:
        ours = {name for name in names if ended(cluster, name)["reason"] == "OOMKilled"}
        return bool(ours) and ours == short_of_memory(cluster, moment(began))

    until(told_by_both, "the engine's word to be reported", SOON)


def short_of_memory(cluster: Cluster, since: datetime) -> set[str]:
    """The pods of which the engine has told it since then."""
    filters = {"event": "oom", "label": f"{labels.CLUSTER}={cluster.name}"}
    began, now = int(since.timestamp()), int(datetime.now(UTC).timestamp())
    events = cluster.engine.api.events(began, now, filters=filters, decode=True)
    return {event["Actor"]["Attributes"][labels.POD] for event in events}


def test_a_container_says_why_it_ended_whoever_it_runs_as_and_whatever_it_may_write(cluster: Cluster) -> None:
    locked = {"readOnlyRootFilesystem": True, "runAsUser": 1000, "allowPrivilegeEscalation": False}
    elsewhere = {"terminationMessagePath": "/tmp/why"}  # noqa: S108 - a container's
    fallback = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    made(
        cluster,
        pod("plain", "echo no disk > /dev/termination-log; exit 3"),
        pod("locked", "echo no right > /dev/termination-log", container={"securityContext": locked}),
        pod("elsewhere", "echo over there > /tmp/why; exit 3", container=elsewhere),
        pod("by-log", "echo the last words; exit 3", container=fallback),
        pod("silent", "echo on and on; exit 3"),
    )
    said = {"plain": "no disk\n", "locked": "no right\n", "elsewhere": "over there\n"}
    for name, message in {**said, "by-log": "the last words\n", "silent": None}.items():
        assert ended(cluster, name).get("message") == message, name


def test_a_container_that_ends_again_and_again_keeps_its_last_message_and_waits(cluster: Cluster) -> None:
    """A-116, A-117: the message is the one of the end before, in the last state."""
    made(cluster, pod("again", "echo end > /dev/termination-log; exit 2", restartPolicy="Always"))
    said = waits_for(cluster, "again", "CrashLoopBackOff")
    assert said.startswith("back-off 10s restarting failed container=main pod=again_default(")
    last = container_status(cluster, "again")["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["message"]) == (2, "Error", "end\n")
    assert container_status(cluster, "again")["restartCount"] == 1
    assert status_of(cluster.pod("again"))["phase"] == "Running"
    until(lambda: container_status(cluster, "again")["restartCount"] == 2, "the next try", SOON)
    ended_at, again_at = ("again__restart-1", "FinishedAt"), ("again", "StartedAt")
    before, after = (moment(cluster.inspected(name)["State"][stamp]) for name, stamp in (ended_at, again_at))
    assert after - before >= timedelta(seconds=10), "by the engine's clock"


def test_on_failure_is_once_more_for_who_failed_and_no_more_for_who_is_done(cluster: Cluster) -> None:
    """A-117, A-121."""
    script = "test -f /kept/tried && exit 0; touch /kept/tried; exit 5"
    mounts = {"volumeMounts": [{"name": "kept", "mountPath": "/kept"}]}
    volumes = [{"name": "kept", "emptyDir": {}}]
    made(cluster, pod("retried", script, restartPolicy="OnFailure", container=mounts, volumes=volumes))
    until(lambda: status_of(cluster.pod("retried")).get("phase") == "Succeeded", "the second try", SOON)
    entry = container_status(cluster, "retried")
    assert (entry["restartCount"], entry["state"]["terminated"]["exitCode"]) == (1, 0)
    assert entry["lastState"]["terminated"]["exitCode"] == 5
    assert cluster.inspected("retried__restart-0")["State"]["ExitCode"] == 5


def test_a_pods_conditions_tell_how_far_it_is(cluster: Cluster) -> None:
    """A-119, A-121, A-122, A-124: an init container that fails is tried again, and the others wait."""
    mounts = [{"name": "kept", "mountPath": "/kept"}]
    init = "until test -f /kept/go; do sleep 0.1; done; test -f /kept/tried || { touch /kept/tried; exit 1; }"
    setup = {"name": "setup", "image": BUSY, "command": ["sh", "-c", init], "volumeMounts": mounts}
    readiness = {"exec": {"command": ["test", "-f", "/kept/ready"]}, "periodSeconds": 1}
    container = {"volumeMounts": mounts, "readinessProbe": readiness}
    volumes = [{"name": "kept", "emptyDir": {}}]
    policy = {"restartPolicy": "Always", "initContainers": [setup]}
    made(cluster, pod("gradual", WAITS, container=container, volumes=volumes, **policy))

    def conditions() -> dict[str, tuple[str, str]]:
        found = status_of(cluster.pod("gradual")).get("conditions") or []
        return {one["type"]: (one["status"], one.get("reason", "")) for one in found}

    def become(**expected: tuple[str, str]) -> None:
        early = {"PodScheduled": ("True", ""), "PodReadyToStartContainers": ("True", "")}
        until(lambda: conditions() == {**early, **expected}, f"{expected}", SOON)

    inits = "initContainerStatuses"
    yes, unready = ("True", ""), ("False", "ContainersNotReady")
    become(Initialized=("False", "ContainersNotInitialized"), ContainersReady=unready, Ready=unready)
    assert status_of(cluster.pod("gradual"))["phase"] == "Pending"
    assert state(cluster, "gradual", "waiting")["reason"] == "PodInitializing"
    assert cluster.named("gradual") not in cluster.containers()
    until(lambda: "running" in container_status(cluster, "gradual", inits)["state"], "the first one", SOON)
    cluster.inside("gradual", "touch /kept/go", "setup")
    become(Initialized=yes, ContainersReady=unready, Ready=unready)
    assert container_status(cluster, "gradual", inits)["restartCount"] == 1
    running(cluster, "gradual")
    assert status_of(cluster.pod("gradual"))["phase"] == "Running"
    cluster.inside("gradual", "touch /kept/ready")
    become(Initialized=yes, ContainersReady=yes, Ready=yes)


# --- what keeps a container from running ---


def test_what_a_container_cannot_run_without_is_named(cluster: Cluster) -> None:
    """A-118, A-124: it runs once that is there, and nothing else waits for it."""
    key = {"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "colours", "key": "front"}}}
    made(
        cluster,
        pod("no-map", "echo $COLOUR", container={"env": [key]}),
        pod("no-user", "true", container={"securityContext": {"runAsNonRoot": True}}),
        pod("no-command", container={"command": ["/there/is/none"]}),
    )
    config = "CreateContainerConfigError"
    assert waits_for(cluster, "no-map", config) == 'configmap "colours" not found'
    assert "image will run as root" in waits_for(cluster, "no-user", config)
    how = ended(cluster, "no-command")
    assert (how["exitCode"], how["reason"]) == (128, "StartError")
    assert "/there/is/none" in how["message"]
    assert status_of(cluster.pod("no-map"))["phase"] == "Pending"

    colours = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours"}}
    made(cluster, {**colours, "data": {"back": "blue"}})
    message = "couldn't find key front in ConfigMap default/colours"
    until(lambda: waits_for(cluster, "no-map", config) == message, "the missing key to be named", PROMPTLY)
    made(cluster, {**colours, "data": {"front": "green"}})
    assert told(cluster, "no-map") == ["green"]


# --- what it is told ---


@pytest.fixture
def both(cluster: Cluster) -> Iterator[str]:
    """An image that has an ENTRYPOINT and a CMD."""
    name = f"minisets.test/{cluster.name}-both:1"
    with built(cluster, name, Entrypoint=["echo", "entry"], Cmd=["cmd"]):
        yield name


@pytest.mark.parametrize(
    ("name", "said", "line"),
    [
        ("neither", {}, "entry cmd"),
        ("args-only", {"args": ["args"]}, "entry args"),
        ("command-only", {"command": ["echo", "command"]}, "command"),
        ("both-said", {"command": ["echo", "command"], "args": ["$(WHO)"]}, "command me"),
    ],
)
def test_command_and_args_stand_for_the_images_entrypoint_and_cmd(
    cluster: Cluster, both: str, name: str, said: dict[str, Any], line: str
) -> None:
    made(cluster, pod(name, container={"image": both, "env": [{"name": "WHO", "value": "me"}], **said}))
    assert told(cluster, name) == [line]


def test_a_container_finds_its_folder_its_terminal_and_its_input(cluster: Cluster) -> None:
    made(
        cluster,
        pod("elsewhere-at-work", "pwd", container={"workingDir": "/not/there/yet"}),
        pod("at-a-terminal", "tty", container={"tty": True}),
        pod("without-input", "cat; echo end of input"),
        pod("with-input", "cat; echo never", container={"stdin": True}),
    )
    assert told(cluster, "elsewhere-at-work") == ["/not/there/yet"]
    assert told(cluster, "at-a-terminal")[0].startswith("/dev/")
    assert told(cluster, "without-input") == ["end of input"]
    running(cluster, "with-input")
    assert state(cluster, "with-input", "terminated") == {}


def test_a_containers_environment_is_what_kubernetes_makes_of_it(cluster: Cluster) -> None:
    """A-128, A-129."""
    service = {"ports": [{"port": 80}], "selector": {"app": "nobody"}}
    colours = {"first": "1", "dotted.name": "2", "overridden": "3"}
    fields = {
        "POD": "metadata.name",
        "NAMESPACE": "metadata.namespace",
        "NODE": "spec.nodeName",
        "ADDRESSES": "status.podIPs",
        "HOSTS": "status.hostIPs",
        "LABEL": "metadata.labels['tier']",
        "NOTE": "metadata.annotations['note']",
    }
    env: list[dict[str, Any]] = [
        {"name": "c_overridden", "value": "own"},
        {"name": "GREETING", "value": "hello $(c_first) $(NOBODY) $$(c_first)"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
        {"name": "MILLI", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        {"name": "MEBI", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
    ]
    container = {
        "env": env,
        "envFrom": [
            {"prefix": "c_", "configMapRef": {"name": "env-colours"}},
            {"secretRef": {"name": "none", "optional": True}},
        ],
        "resources": {"limits": {"cpu": "250m", "memory": "32Mi"}},
    }
    asking = pod("environment", container={"command": ["env"], **container})
    asking["metadata"] |= {"labels": {"tier": "back"}, "annotations": {"note": "two words"}}
    made(
        cluster,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "env-colours"}, "data": colours},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "some-db"}, "spec": service},
        asking,
        pod("unlinked", "env", enableServiceLinks=False),
    )
    found = dict(line.split("=", 1) for line in told(cluster, "environment"))
    status = status_of(cluster.pod("environment"))
    expected = {
        "c_first": "1",
        "c_dotted.name": "2",
        "c_overridden": "own",
        "GREETING": "hello 1 $(NOBODY) $(c_first)",
        "POD": "environment",
        "NAMESPACE": "default",
        "NODE": "minisets-0",
        "ADDRESSES": status["podIP"],
        "HOSTS": status["hostIP"],
        "LABEL": "back",
        "NOTE": "two words",
        "MILLI": "250",
        "MEBI": "32",
        "SOME_DB_SERVICE_PORT": "80",
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "SECRET" not in found
    assert not any(line.startswith("SOME_DB") for line in told(cluster, "unlinked"))


def test_limits_and_weights_are_the_engines_and_are_reported(cluster: Cluster) -> None:
    resources = {"limits": {"cpu": "500m", "memory": "48Mi"}, "requests": {"cpu": "250m", "memory": "8Mi"}}
    mounts = [{"name": "scratch", "mountPath": "/scratch", "readOnly": True}]
    container = {"resources": resources, "volumeMounts": mounts}
    made(cluster, pod("limited", WAITS, container=container, volumes=[{"name": "scratch", "emptyDir": {}}]))
    running(cluster, "limited")
    host = cluster.inspected("limited")["HostConfig"]
    wanted = {"NanoCpus": 500_000_000, "CpuShares": 256, "Memory": 48 << 20, "MemorySwap": 48 << 20}
    assert {name: host[name] for name in wanted} == wanted
    entry = container_status(cluster, "limited")
    assert (entry["resources"], entry["allocatedResources"]) == (resources, resources["requests"])
    assert entry["volumeMounts"] == [{**mounts[0], "recursiveReadOnly": "Disabled"}]
    assert status_of(cluster.pod("limited"))["qosClass"] == "Burstable"

    whole = {"resources": {"limits": resources["limits"]}}
    made(cluster, pod("guaranteed", WAITS, container=whole), pod("careless", WAITS))
    found = {name: status_of(cluster.pod(name))["qosClass"] for name in ("guaranteed", "careless")}
    assert found == {"guaranteed": "Guaranteed", "careless": "BestEffort"}
    running(cluster, "careless")
    host = cluster.inspected("careless")["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["CpuShares"]) == (0, 0, 2)


def test_nothing_of_what_containers_say_at_their_ends_is_left(cluster: Cluster) -> None:
    """The nameless volume of each sandbox goes with it, even if that was removed behind our back."""
    made(cluster, pod("leaving", WAITS, restartPolicy="Always"))
    running(cluster, "leaving")

    def volumes() -> set[str]:
        wanted = {"label": [f"dev.minisets.cluster={cluster.name}", "dev.minisets.pod=leaving"]}
        return {one["Name"] for one in cluster.engine.api.volumes(filters=wanted)["Volumes"] or []}

    (first,) = volumes()
    cluster.engine.api.remove_container(cluster.inspected("leaving_sandbox")["Id"], force=True)
    until(lambda: volumes() - {first} and running(cluster, "leaving"), "another sandbox", DEADLINE)
    cluster.minisets("delete-pod", "leaving").succeeded()
    until(lambda: not volumes(), "no volume of the pod", SOON)
