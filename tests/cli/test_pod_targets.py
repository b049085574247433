"""Which pod of several, and which container of a pod, is meant."""

from typing import Any

import pytest

from minisets.cli.pod_targets import container_of, first_of, selector_of
from minisets.errors import MinisetsError
from tests.cli.conftest import Run
from tests.whole import Whole

LEAVING = {"deletionTimestamp": "2026-11-30T08:00:00Z"}


def one(name: str, phase: str, *, ready: bool = False, **metadata: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": {"name": name, **metadata}, "status": {"phase": phase, "conditions": conditions}}


@pytest.mark.parametrize(
    ("pods", "first"),
    [
        ([one("a", "Running", ready=True), one("b", "Running", ready=True)], "a"),
        ([one("a", "Running"), one("b", "Running", ready=True)], "b"),
        ([one("a", "Pending"), one("b", "Running")], "b"),
        ([one("a", "Running", ready=True, **LEAVING), one("b", "Pending")], "b"),
        ([one("a", "Pending"), one("b", "Pending")], "a"),
    ],
)
def test_the_first_is_one_that_can_be_used(pods: list[dict[str, Any]], first: str) -> None:
    assert first_of(pods)["metadata"]["name"] == first


def test_an_init_or_ephemeral_container_is_found_by_its_name() -> None:
    spec = {
        "containers": [{"name": "app"}],
        "initContainers": [{"name": "set"}],
        "ephemeralContainers": [{"name": "look"}],
    }
    for name in ("app", "set", "look"):
        assert container_of({"metadata": {"name": "a"}, "spec": spec}, name) == {"name": name}
    with pytest.raises(MinisetsError, match="container other not found in pod a"):
        container_of({"metadata": {"name": "a"}, "spec": spec}, "other")


def test_an_annotation_that_names_no_container_is_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    metadata = {"name": "a", "annotations": {"kubectl.kubernetes.io/default-container": "gone"}}
    spec = {"containers": [{"name": "app"}], "ephemeralContainers": [{"name": "look"}]}
    assert container_of({"metadata": metadata, "spec": spec}, "") == {"name": "app"}
    assert capsys.readouterr().err == 'Defaulted container "app" out of: app, look (ephem)\n'


def test_who_has_no_pods_is_said(run: Run, whole: Whole) -> None:
    def create(kind: str, version: str, **spec: Any) -> None:
        made = {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}
        whole.client.create(kind, "default", made)

    labels = {"app": "web"}
    container = {"name": "nginx", "image": "nginx:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    create(
        "StatefulSet",
        "apps/v1",
        replicas=0,
        serviceName="web",
        selector={"matchLabels": labels},
        template=template,
    )
    create("Service", "v1", ports=[{"port": 80}])
    for target, said in (
        ("sts/web", "statefulset/web has no pods now"),
        ("svc/web", "service/web has no selector: name a pod"),
        ("sts/other", 'statefulsets.apps "other" not found'),
    ):
        ran = run("exec", target, "--", "ls")
        assert (ran.code, ran.err) == (1, f"Error: {said}\n")


def test_a_selector_is_written_as_a_query_has_it() -> None:
    expressions = [
        {"key": "a", "operator": "In", "values": ["1", "2"]},
        {"key": "b", "operator": "NotIn", "values": ["3"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"y": "2", "x": "1"}, "matchExpressions": expressions}
    statefulset = {"kind": "StatefulSet", "spec": {"selector": selector}}
    assert selector_of(statefulset) == "a in (1,2),b notin (3),c,!d,x=1,y=2"
    assert selector_of({"kind": "Service", "spec": {"selector": {"x": "1"}}}) == "x=1"
    assert selector_of({"kind": "Service", "spec": {}}) == ""
