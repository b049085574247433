"""An unmodified kubectl against the real server: what a person types, and what is printed.

Skipped only where there is no kubectl.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from minisets.clock import SystemClock
from minisets.controllers.disruption import Disruption
from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import is_being_deleted
from minisets.registry.events import Recorder
from tests.api.kubectl import NEEDS_KUBECTL, WEB, Kubectl
from tests.api.serving import Running, run_pod, set_status
from tests.waiting import until

if TYPE_CHECKING:
    from subprocess import Popen

pytestmark = NEEDS_KUBECTL


@pytest.fixture
def watching(kubectl: Kubectl) -> Iterator[Callable[..., list[str]]]:
    """Starts a `kubectl get -w` and returns the list that its lines go to."""
    started: list[Popen[str]] = []
    readers: list[threading.Thread] = []

    def start(*arguments: str) -> list[str]:
        process = kubectl.start(*arguments)
        lines: list[str] = []
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(process.stdout,))
        reader.start()
        started.append(process)
        readers.append(reader)
        return lines

    yield start
    for process in started:
        process.kill()
        process.wait()
    for reader in readers:
        reader.join()
    for process in started:
        if process.stdout is not None:
            process.stdout.close()


def test_a_set_is_created_shown_scaled_and_deleted(kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "web.yaml").splitlines()[:2] == [
        "service/nginx created",
        "statefulset.apps/web created",
    ]
    assert "Error from server (AlreadyExists)" in kubectl("create", "-f", "web.yaml", fails=True)
    wide = kubectl("get", "sts,svc", "-o", "wide")
    assert "statefulset.apps/web   0/2     " in wide
    assert "service/nginx   ClusterIP   None         <none>        80/TCP" in wide
    assert kubectl("get", "all", "-o", "name").split() == ["service/nginx", "statefulset.apps/web"]
    assert "replicas: 2" in kubectl("get", "sts", "web", "-o", "yaml")
    assert kubectl("get", "sts", "-o", "jsonpath={.items[0].spec.replicas}") == "2"
    assert "Replicas:           2 desired | 0 total" in kubectl("describe", "sts", "web")
    assert kubectl("scale", "sts", "web", "--replicas=3") == "statefulset.apps/web scaled\n"
    assert (
        kubectl("scale", "sts", "web", "--current-replicas=3", "--replicas=4")
        == "statefulset.apps/web scaled\n"
    )
    assert kubectl("get", "sts", "web", "-o", "jsonpath={.spec.replicas}") == "4"
    assert 'statefulset.apps "web" deleted' in kubectl("delete", "-f", "web.yaml")
    assert kubectl("get", "all") == "No resources found in default namespace.\n"


def test_three_patches_labels_and_annotations(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "web.yaml")
    for number, (kind, patch) in enumerate([
        ("strategic", '{"spec":{"replicas":0}}'),
        ("merge", '{"spec":{"replicas":1}}'),
        ("json", '[{"op":"replace","path":"/spec/replicas","value":2}]'),
    ]):  # fmt: skip
        kubectl("patch", "sts", "web", f"--type={kind}", "-p", patch)
        assert kubectl("get", "sts", "web", "-o", "jsonpath={.spec.replicas}") == str(number)
    assert kubectl("label", "sts", "web", "a=b") == "statefulset.apps/web labeled\n"
    assert kubectl("label", "sts", "web", "a=b") == "statefulset.apps/web not labeled\n"
    assert kubectl("annotate", "sts", "web", "c=d") == "statefulset.apps/web annotated\n"
    assert kubectl("set", "image", "sts/web", "nginx=nginx:2") == "statefulset.apps/web image updated\n"
    refused = kubectl("patch", "sts", "web", "-p", '{"spec":{"serviceName":"x"}}', fails=True)
    assert refused.startswith(
        'The StatefulSet "web" is invalid: spec: Forbidden: updates to statefulset spec'
    )


def test_apply_creates_changes_and_leaves_alone(kubectl: Kubectl) -> None:
    assert "service/nginx created" in kubectl("apply", "-f", "web.yaml")
    assert kubectl("apply", "-f", "web.yaml") == "service/nginx unchanged\nstatefulset.apps/web unchanged\n"
    assert kubectl("diff", "-f", "web.yaml") == ""
    (kubectl.directory / "web.yaml").write_text(WEB.replace("replicas: 2", "replicas: 3"))
    assert "+  replicas: 3" in kubectl("diff", "-f", "web.yaml", fails=True)
    assert kubectl("apply", "-f", "web.yaml") == "service/nginx unchanged\nstatefulset.apps/web configured\n"
    assert kubectl("get", "sts", "web", "-o", "jsonpath={.spec.replicas}") == "3"
    assert "statefulset.apps/web replaced" in kubectl("replace", "-f", "web.yaml")


def test_bad_input_is_refused_in_the_words_of_kubernetes(kubectl: Kubectl) -> None:
    bad = WEB.replace("replicas: 2", "replicsa: 2")
    assert 'strict decoding error: unknown field "spec.replicsa"' in kubectl(
        "create", "-f", "-", stdin=bad, fails=True
    )
    assert 'no matches for kind "StatefulSett"' in kubectl(
        "create", "-f", "-", stdin=WEB.replace("kind: StatefulSet", "kind: StatefulSett"), fails=True
    )
    negative = WEB.replace("replicas: 2", "replicas: -2")
    assert "spec.replicas: Invalid value: -2" in kubectl("apply", "-f", "-", stdin=negative, fails=True)
    assert (
        kubectl("get", "nosuch", fails=True) == 'error: the server doesn\'t have a resource type "nosuch"\n'
    )
    assert kubectl("get", "pod", "x", fails=True) == 'Error from server (NotFound): pods "x" not found\n'
    assert kubectl("get", "pods", "-n", "nowhere") == "No resources found in nowhere namespace.\n"


def test_kinds_that_come_in_protobuf(kubectl: Kubectl) -> None:
    kubectl("create", "ns", "team")
    kubectl("create", "cm", "settings", "--from-literal=a=b", "--from-literal=empty=")
    kubectl("create", "secret", "generic", "keys", "--from-literal=token=s3cret")
    kubectl("create", "sa", "robot")
    kubectl("create", "svc", "clusterip", "front", "--tcp=80:8080")
    kubectl("create", "pdb", "none", "--selector=app=web", "--max-unavailable=0")
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data}") == '{"a":"b","empty":""}'
    assert kubectl("get", "secret", "keys", "-o", "go-template={{.data.token | base64decode}}") == "s3cret"
    assert "80-8080" in kubectl("get", "svc", "front", "-o", "jsonpath={.spec.ports[0]}")
    assert kubectl("get", "svc", "front", "-o", "jsonpath={.spec.ports[0].targetPort}") == "8080"
    assert kubectl("get", "ns", "team", "-o", "jsonpath={.status.phase}") == "Active"
    assert "robot" in kubectl("get", "sa")
    assert kubectl("get", "pdb", "none", "-o", "jsonpath={.spec}") == (
        '{"maxUnavailable":0,"selector":{"matchLabels":{"app":"web"}}}'
    )


def test_a_watch_shows_changes_as_they_come(running: Running, watching: Callable[..., list[str]]) -> None:
    run_pod(running, "web-0")
    lines, named = watching("get", "pods", "-w"), watching("get", "pod", "web-0", "-w", "-o", "name")
    until(lambda: len(lines) == 2 and len(named) == 1, "what is there")
    set_status(running, "web-0", {"conditions": [{"type": "Ready", "status": "True"}]})
    until(lambda: len(lines) == 3 and len(named) == 2, "the change")
    running.registry.create("Pod", "default", pod_of("web-1"))
    until(lambda: len(lines) == 4, "the other pod")
    assert [line.split()[:3] for line in lines] == [
        ["NAME", "READY", "STATUS"],
        ["web-0", "1/1", "Running"],
        ["web-0", "1/1", "Running"],
        ["web-1", "0/1", "Pending"],
    ]
    assert named == ["pod/web-0\n"] * 2


def is_going(running: Running, name: str) -> bool:
    pod = running.store.get(Ref("Pod", "default", name))
    return pod is not None and is_being_deleted(pod)


def pod_of(name: str) -> Object:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1"}]}}


@pytest.mark.parametrize("watch_list", ["false", "true"])
def test_waiting_for_a_condition_a_deletion_and_a_rollout(
    kubectl: Kubectl, running: Running, watch_list: str
) -> None:
    """A-147: newer clients open one watch with initial events instead of a list and a watch."""
    kubectl.environment["KUBE_FEATURE_WatchListClient"] = watch_list
    kubectl("create", "-f", "web.yaml")
    run_pod(running, "web-0")
    ready = kubectl.start("wait", "pod/web-0", "--for=condition=Ready", "--timeout=20s")
    rollout = kubectl.start("rollout", "status", "sts/web", "--timeout=20s")
    set_status(running, "web-0", {"conditions": [{"type": "Ready", "status": "True"}]})
    assert ready.communicate(timeout=20)[0] == "pod/web-0 condition met\n"
    counts = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas", "currentReplicas")
    revisions = {"currentRevision": "web-1", "updateRevision": "web-1"}
    done = {"observedGeneration": 1, **dict.fromkeys(counts, 2), **revisions}
    ref = Ref("StatefulSet", "default", "web")
    running.registry.change(ref, lambda obj: {**obj, "status": done}, subresource="status")
    assert (
        "partitioned roll out complete: 2 new pods have been updated..." in rollout.communicate(timeout=20)[0]
    )
    deletion = kubectl.start("delete", "pod", "web-0")
    until(lambda: is_going(running, "web-0"), "the deletion to begin", timedelta(seconds=20))
    kubectl("delete", "pod", "web-0", "--grace-period=0", "--force")
    assert deletion.communicate(timeout=20)[0] == 'pod "web-0" deleted\n'


def count_budget(running: Running, name: str) -> None:
    """What the controller does after a change."""
    clock = SystemClock()
    recorder = Recorder(running.registry, clock, "controllermanager")
    Disruption(running.store, running.registry, recorder, clock).reconcile(f"default/{name}")


def test_a_node_is_drained_as_far_as_its_budget_allows(kubectl: Kubectl, running: Running) -> None:
    """A-104, A-105, A-153, A-155."""
    running.registry.create("Node", "", {"metadata": {"name": "minisets-0"}})
    run_pod(running, "web-0")
    set_status(running, "web-0", {"conditions": [{"type": "Ready", "status": "True"}]})
    drain = ("drain", "minisets-0", "--ignore-daemonsets", "--delete-emptydir-data", "--force")
    created = kubectl("create", "pdb", "web", "--selector=!absent", "--min-available=1")
    assert created == "poddisruptionbudget.policy/web created\n"
    count_budget(running, "web")
    blocked = kubectl(*drain, "--timeout=4s", fails=True)
    assert "Cannot evict pod as it would violate the pod's disruption budget." in blocked
    assert "global timeout reached: 4s" in blocked
    assert "SchedulingDisabled" in kubectl("get", "node", "minisets-0")
    kubectl("patch", "pdb", "web", "-p", '{"spec":{"minAvailable":0}}')
    count_budget(running, "web")
    headings, shown = kubectl("get", "pdb").splitlines()
    assert headings.split() == [
        "NAME",
        "MIN",
        "AVAILABLE",
        "MAX",
        "UNAVAILABLE",
        "ALLOWED",
        "DISRUPTIONS",
        "AGE",
    ]
    assert shown.split()[:-1] == ["web", "0", "N/A", "1"]
    assert "pod/web-0 evicted" in kubectl(*drain, "--grace-period=0", "--timeout=20s")
    assert kubectl("get", "pods") == "No resources found in default namespace.\n"
    assert kubectl("uncordon", "minisets-0") == "node/minisets-0 uncordoned\n"
    count_budget(running, "web")
    assert "No matching pods found" in kubectl("describe", "pdb", "web")


def test_logs_and_exec(kubectl: Kubectl, running: Running) -> None:
    running.engine.behave("web-0-*", output=(("stdout", b"hello\n"),))
    run_pod(running, "web-0")
    assert kubectl("logs", "web-0") == "hello\n"
    assert "previous terminated container" in kubectl("logs", "web-0", "-p", fails=True)
    assert kubectl("exec", "web-0", "--", "echo", "hello  there") == "echo hello  there\n"
    assert kubectl("exec", "-i", "web-0", "--", "cat", stdin="from here") == "from here"
    running.engine.fail_next("start_exec", RuntimeError("never seen"))
    assert "a mistake in minisets" in kubectl("exec", "web-0", "--", "ls", fails=True)
    running.registry.create("Pod", "default", pod_of("web-1"))
    assert "pod web-1 does not have a host assigned" in kubectl("exec", "web-1", "--", "ls", fails=True)


def test_facts_for_people(kubectl: Kubectl) -> None:
    assert "Server Version: v1.37.0+minisets" in kubectl("version")
    resources = kubectl("api-resources")
    lines = [line.split() for line in resources.splitlines()]
    assert ["statefulsets", "sts", "apps/v1", "true", "StatefulSet"] in lines
    assert ["volumesnapshots", "vs", "snapshot.storage.k8s.io/v1", "true", "VolumeSnapshot"] in lines
    assert "apps/v1" in kubectl("api-versions").split()
    assert "partition\t<integer>" in kubectl("explain", "sts.spec.updateStrategy.rollingUpdate")
    assert "volumeClaimTemplates\t<[]PersistentVolumeClaim>" in kubectl("explain", "sts.spec")
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "No events found" in kubectl("events")
    assert kubectl("rollout", "history", "sts/web", fails=True)
    assert "default   Active" in kubectl("get", "ns")


def test_a_wrong_token_is_told(kubectl: Kubectl) -> None:
    config = Path(kubectl.environment["KUBECONFIG"])
    text = "".join(
        "    token: wrong\n" if "token:" in line else line
        for line in config.read_text().splitlines(keepends=True)
    )
    config.write_text(text)
    assert "You must be logged in to the server" in kubectl("get", "pods", fails=True)


@pytest.mark.parametrize("profile", ["general", "baseline", "restricted", "netadmin", "sysadmin"])
def test_a_debugger_is_put_into_a_pod_and_a_copy_beside_it(
    running: Running, kubectl: Kubectl, profile: str
) -> None:
    run_pod(running, "web-0", "nginx", "log")
    plain = ("--attach=false", f"--profile={profile}")
    kubectl("debug", "web-0", "-it", "--image=busybox:1", "--target=nginx", "-c", "looker", *plain)
    found = running.store.get(Ref("Pod", "default", "web-0"))
    assert found is not None
    (debugger,) = found["spec"]["ephemeralContainers"]
    assert (debugger["name"], debugger["targetContainerName"]) == ("looker", "nginx")
    assert (debugger["stdin"], debugger["tty"]) == (True, True)

    copied = ("--copy-to=copy", "--share-processes", "--set-image=log=busybox:2", *plain)
    kubectl("debug", "web-0", "--image=busybox:1", "-c", "looker", *copied, "--", "sleep", "1")
    copy = running.store.get(Ref("Pod", "default", "copy"))
    assert copy is not None
    spec = copy["spec"]
    assert spec["shareProcessNamespace"] is True
    assert {one["name"]: one["image"] for one in spec["containers"]} == {
        "nginx": "nginx:1",
        "log": "busybox:2",
        "looker": "busybox:1",
    }
    assert "ephemeralContainers" not in spec
