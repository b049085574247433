"""`kubectl apply --server-side` and its neighbours, against the whole server over the engine in memory.

Skipped only where there is no kubectl.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.client.access import kubeconfig
from minisets.objects.metadata import status_of
from tests.api.kubectl import NEEDS_KUBECTL, WEB, with_config
from tests.waiting import until
from tests.whole import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api.kubectl import Kubectl

pytestmark = NEEDS_KUBECTL

APPLIED = "service/nginx serverside-applied\nstatefulset.apps/web serverside-applied\n"
APPLY = ("apply", "--server-side", "-f")
WITHIN = timedelta(seconds=60)
THREE = WEB.replace("replicas: 2", "replicas: 3")


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    with serving(tmp_path / "home") as whole:
        (tmp_path / "three.yaml").write_text(THREE)
        yield with_config(tmp_path, kubeconfig(whole.access, "minisets"))


def of(kubectl: Kubectl, path: str) -> str:
    return kubectl("get", "sts", "web", "-o", f"jsonpath={{{path}}}")


def managers(kubectl: Kubectl) -> list[tuple[str, str]]:
    found: Any = json.loads(kubectl("get", "sts", "web", "-o", "json", "--show-managed-fields"))
    entries = found["metadata"]["managedFields"]
    return [(entry["manager"], entry["operation"]) for entry in entries if "subresource" not in entry]


def settled(kubectl: Kubectl, replicas: int = 2) -> None:
    """Wait until all pods are there, so that nobody has much to do any more."""

    def is_done() -> bool:
        seen: Any = json.loads(kubectl("get", "sts", "web", "-o", "json"))
        generation = seen["metadata"]["generation"]
        status = status_of(seen)
        return (status.get("availableReplicas"), status.get("observedGeneration")) == (replicas, generation)

    until(is_done, "the pods to be available", WITHIN)


def leave_the_version(kubectl: Kubectl, *commands: tuple[str, ...]) -> None:
    """Why until: a controller may have one more word to say; a command that writes would do so each time."""

    def is_left() -> bool:
        before = of(kubectl, ".metadata.resourceVersion")
        for command in commands:
            kubectl(*command)
        return of(kubectl, ".metadata.resourceVersion") == before

    until(is_left, "commands that write nothing", WITHIN)


def test_what_is_applied_twice_changes_once(kubectl: Kubectl) -> None:
    assert kubectl(*APPLY, "web.yaml") == APPLIED
    settled(kubectl)
    assert kubectl(*APPLY, "web.yaml", "--dry-run=server") == APPLIED.replace("\n", " (server dry run)\n")
    assert kubectl("diff", "--server-side", "-f", "web.yaml") == ""
    leave_the_version(kubectl, (*APPLY, "web.yaml"), ("diff", "--server-side", "-f", "web.yaml"))
    assert "+  replicas: 3" in kubectl("diff", "--server-side", "-f", "three.yaml", fails=True)
    assert kubectl(*APPLY, "three.yaml") == APPLIED
    settled(kubectl, 3)


def test_a_conflict_is_printed_and_forced(kubectl: Kubectl) -> None:
    kubectl(*APPLY, "web.yaml")
    settled(kubectl)
    kubectl("scale", "sts", "web", "--replicas=3")
    said = kubectl(*APPLY, "web.yaml", fails=True)
    assert (
        'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using '
        "apps/v1: .spec.replicas\nPlease review the fields above--they currently have other managers." in said
    )
    taken = kubectl(*APPLY, "-", "--field-manager=ci", stdin=THREE.replace("nginx:1", "nginx:2"), fails=True)
    assert '[name="nginx"].image' in taken
    assert kubectl(*APPLY, "web.yaml", "--force-conflicts") == APPLIED
    assert of(kubectl, ".spec.replicas") == "2"


def test_what_another_manager_says_lives_beside_ours(kubectl: Kubectl) -> None:
    kubectl(*APPLY, "web.yaml")
    ours = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web, labels: {team: blue}}\n"
    kubectl(*APPLY, "-", "--field-manager=ci", stdin=ours)
    kubectl(*APPLY, "three.yaml")
    assert (of(kubectl, ".metadata.labels"), of(kubectl, ".spec.replicas")) == ('{"team":"blue"}', "3")
    kubectl(*APPLY, "-", "--field-manager=ci", stdin=ours.replace(", labels: {team: blue}", ""))
    assert of(kubectl, ".metadata.labels") == ""


def test_client_side_apply_goes_over_to_the_server(kubectl: Kubectl) -> None:
    """And back: the annotation is kept true for that."""
    kubectl("apply", "-f", "web.yaml")
    assert managers(kubectl) == [("kubectl-client-side-apply", "Update")]
    settled(kubectl)
    assert kubectl(*APPLY, "web.yaml") == APPLIED
    assert kubectl(*APPLY, "three.yaml") == APPLIED
    assert of(kubectl, ".spec.replicas") == "3"
    assert managers(kubectl) == [("kubectl-last-applied", "Apply"), ("kubectl", "Apply")]
    settled(kubectl, 3)
    leave_the_version(kubectl, (*APPLY, "three.yaml"))
    unlabelled = THREE.replace("metadata: {name: nginx, labels: {app: nginx}}", "metadata: {name: nginx}")
    kubectl(*APPLY, "-", stdin=unlabelled)
    assert kubectl("get", "svc", "nginx", "-o", "jsonpath={.metadata.labels}") == ""
    assert "statefulset.apps/web configured" in kubectl("apply", "-f", "web.yaml")
    assert of(kubectl, ".spec.replicas") == "2"


def test_an_unchanged_file_changes_nothing_on_either_side(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "web.yaml")
    settled(kubectl)
    unchanged = "service/nginx unchanged\nstatefulset.apps/web unchanged\n"
    assert kubectl("apply", "-f", "web.yaml") == unchanged
    assert kubectl("diff", "-f", "web.yaml") == ""
    leave_the_version(kubectl, ("apply", "-f", "web.yaml"), ("diff", "-f", "web.yaml"))
    assert "managedFields" not in kubectl("get", "sts,svc,pods", "-o", "yaml")


def test_what_does_not_fit_is_told_in_kubernetes_words(kubectl: Kubectl) -> None:
    bad = WEB.replace("replicas: 2", "replicsa: 2")
    assert kubectl(*APPLY, "-", stdin=bad, fails=True).endswith(
        "Error from server: failed to create typed patch object (default/web; apps/v1, Kind=StatefulSet): "
        ".spec.replicsa: field not declared in schema\n"
    )
    negative = kubectl(*APPLY, "-", stdin=WEB.replace("replicas: 2", "replicas: -2"), fails=True)
    assert 'The StatefulSet "web" is invalid: spec.replicas: Invalid value: -2' in negative
    kubectl(*APPLY, "web.yaml")
    nowhere = '[{"op":"remove","path":"/spec/nowhere"}]'
    assert kubectl("patch", "sts", "web", "--type=json", "-p", nowhere, fails=True).startswith(
        "The request is invalid: the server rejected our request due to an error in our request: "
    )


def test_what_is_applied_in_another_version_is_kept_as_it_is_stored(kubectl: Kubectl, tmp_path: Path) -> None:
    scaler = {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"},
            "maxReplicas": 3,
            "targetCPUUtilizationPercentage": 60,
        },
    }
    (tmp_path / "hpa.yaml").write_text(json.dumps(scaler))
    for _ in range(2):
        kubectl(*APPLY, "hpa.yaml")
    stored = json.loads(kubectl("get", "horizontalpodautoscalers.v2.autoscaling", "web", "-o", "json"))
    (metric,) = stored["spec"]["metrics"]
    assert metric["resource"]["target"]["averageUtilization"] == 60
    old = json.loads(kubectl("get", "horizontalpodautoscalers.v1.autoscaling", "web", "-o", "json"))
    assert old["spec"]["targetCPUUtilizationPercentage"] == 60
