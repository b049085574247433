"""What `up` says of a file beside what it does: where it stands, once, and refused where that is strict."""

import json
from typing import Any

import pytest

from minisets.objects.kinds import Ref
from tests.cli.conftest import Ran, Run
from tests.whole import Whole

PRIVILEGED = """\
apiVersion: v1
kind: Pod
metadata: {name: tool}
spec:
  hostUsers: false
  volumes:
  - name: docker
    hostPath: {path: /etc/hosts}
  containers:
  - name: tool
    image: nginx:1
    securityContext:
      privileged: true
      capabilities: {add: [NET_ADMIN]}
"""
DISK: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "disk"},
    "spec": {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "local": {"path": "/srv"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}},
    },
}


def up(run: Run, text: str, *more: str) -> Ran:
    return run("up", "--no-wait", "-f", "-", *more, stdin=text)


def warned(ran: Ran) -> list[str]:
    return [line for line in ran.err.splitlines() if line.startswith("Warning: ")]


def test_what_gives_a_pod_the_machine_is_named_with_its_line(run: Run, whole: Whole) -> None:
    ran = up(run, PRIVILEGED)
    assert (ran.code, ran.out) == (0, "pod/tool created\n"), ran.err
    named = [line.split(": gives a pod the machine: ") for line in warned(ran) if "the machine" in line]
    assert named == [
        ["Warning: stdin:8: pod/tool: spec.volumes[0].hostPath", "its files below /etc/hosts"],
        [
            "Warning: stdin:13: pod/tool: spec.containers[0].securityContext.privileged",
            "its devices and all of root's rights",
        ],
    ]
    assert whole.client.get(Ref("Pod", "default", "tool")) is not None


def test_what_the_server_warns_of_has_its_line_too(run: Run, whole: Whole) -> None:
    del whole
    line = next(line for line in warned(up(run, PRIVILEGED)) if "hostUsers" in line)
    assert line.startswith("Warning: stdin:5: pod/tool: spec.hostUsers: not honoured: ")


def test_strict_refuses_what_gives_a_pod_the_machine(run: Run, whole: Whole) -> None:
    ran = up(run, PRIVILEGED.replace("  hostUsers: false\n", ""), "--strict")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith('Error: stdin:7: Pod "tool": spec.volumes[0].hostPath: gives a pod the machine')
    assert whole.client.get(Ref("Pod", "default", "tool")) is None


def test_strict_refuses_a_file_also_when_all_of_it_is_there_already(run: Run, whole: Whole) -> None:
    del whole
    text = PRIVILEGED.partition("  volumes:")[0] + "  containers: [{name: tool, image: nginx}]\n"
    assert up(run, text).code == 0
    ran = up(run, text, "--strict")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith('Error: stdin:5: Pod "tool": spec.hostUsers: not honoured: ')


@pytest.mark.parametrize("source", ["local", "hostPath"])
def test_a_volume_in_a_folder_of_the_machine_is_named(run: Run, whole: Whole, source: str) -> None:
    del whole
    spec = {key: value for key, value in DISK["spec"].items() if key != "local"} | {source: {"path": "/srv"}}
    ran = up(run, json.dumps({**DISK, "spec": spec}))
    assert any(
        f"spec.{source}: gives a pod the machine: its files below /srv" in line for line in warned(ran)
    )


KEPT = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 3, scaleTargetRef: {kind: StatefulSet, name: web}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: v1
kind: Pod
metadata: {name: first}
spec: {priorityClassName: high, containers: [{name: a, image: b}]}
"""
OTHERS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: way-in}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: tls}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
"""


def test_what_is_kept_without_effect_says_so_once(run: Run, whole: Whole) -> None:
    ran = up(run, KEPT)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "networkpolicy.networking.k8s.io/deny created",
        "horizontalpodautoscaler.autoscaling/web created",
        "lease.coordination.k8s.io/leader created",
        "priorityclass.scheduling.k8s.io/high created",
        "pod/first created",
    ]
    named = [line.split(": approximated: ")[0] for line in warned(ran) if "kept without effect" in line]
    assert named == [
        "Warning: stdin:4: networkpolicy.networking.k8s.io/deny: spec",
        "Warning: stdin:9: horizontalpodautoscaler.autoscaling/web: spec",
    ]
    pod = whole.client.get(Ref("Pod", "default", "first"))
    assert pod is not None
    assert pod["spec"]["priority"] == 1000
    again = up(run, KEPT)
    assert all(line.endswith(" unchanged") for line in again.out.splitlines()), again.out
    assert warned(again) == []


def test_what_is_not_served_is_named_and_the_rest_runs(run: Run, whole: Whole) -> None:
    ran = up(run, OTHERS)
    assert (ran.code, ran.out) == (0, "configmap/settings created\n")
    assert [line.split(": skipped: ")[0] for line in warned(ran)] == [
        "Warning: stdin:1",
        "Warning: stdin:5",
        "Warning: stdin:9",
    ]
    assert whole.client.get(Ref("ConfigMap", "default", "settings")) is not None


def test_strict_refuses_what_is_not_served_before_there_is_a_server(run: Run) -> None:
    """No server runs here, and no engine answers: it is not even asked."""
    ran = up(run, OTHERS, "--strict")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        'Error: stdin:2: Deployment "front": kind "Deployment" (apps/v1) is Kubernetes\' and not emulated by '
        "minisets\n"
    )
    old = up(run, OTHERS.replace("apps/v1", "apps/v1beta1"))
    assert old.code == 1
    assert (
        'stdin:1: Deployment "front": no kind "Deployment" in version "apps/v1beta1": Kubernetes' in old.err
    )
