from __future__ import annotations

import pytest

from minisets.errors import BadRequest
from minisets.objects.selectors import FieldSelector

POD = {
    "metadata": {"name": "web-0", "namespace": "default"},
    "spec": {"nodeName": "minisets-0"},
    "status": {"phase": "Running"},
}
EVENT = {
    "metadata": {"name": "web-0.1"},
    "involvedObject": {"kind": "Pod", "name": "web-0"},
    "source": {"component": "kubelet"},
    "type": "Warning",
}


@pytest.mark.parametrize(
    ("kind", "obj", "text", "matches"),
    [
        ("Pod", POD, "", True),
        ("Pod", POD, "metadata.name=web-0", True),
        ("Pod", POD, "metadata.name==web-1", False),
        ("Pod", POD, "status.phase!=Running", False),
        ("Pod", POD, "status.phase!=Failed,spec.nodeName=minisets-0", True),
        ("Pod", POD, "spec.nodeName=", False),
        ("Pod", POD, "spec.hostNetwork=false", True),
        ("Pod", POD, "status.podIP=", True),
        ("Event", EVENT, "involvedObject.name=web-0,involvedObject.uid=,type=Warning", True),
        ("Event", EVENT, "source=kubelet", True),
        ("Event", {"reportingComponent": "scheduler"}, "source=scheduler", True),
        ("Node", {"spec": {}}, "spec.unschedulable=false", True),
        ("Node", {"spec": {"unschedulable": True}}, "spec.unschedulable=false", False),
        ("Namespace", {"status": {"phase": "Active"}}, "status.phase=Active", True),
        ("Secret", {"type": "Opaque"}, "type!=Opaque", False),
        ("ConfigMap", {"metadata": {"namespace": "a,b"}}, r"metadata.namespace=a\,b", True),
    ],
)
def test_fields_are_compared_as_text(kind: str, obj: dict[str, object], text: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    """A-149."""
    assert FieldSelector.parse(text).matches(kind, obj) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web-0", "invalid selector: 'web-0'; can't understand 'web-0'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
        (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
    ],
)
def test_what_is_no_selector_is_refused_with_kubernetes_words(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        FieldSelector.parse(text)

    assert str(refused.value) == message


def test_a_field_that_a_kind_does_not_answer_for_is_refused() -> None:
    """A-149."""
    selector = FieldSelector.parse("status.phase=Running")

    selector.check("Pod")
    with pytest.raises(BadRequest, match=r"^field label not supported: status\.phase$"):
        selector.check("Node")
    only = r'^"status\.phase" is not a known field selector: only "metadata\.name", "metadata\.namespace"$'
    with pytest.raises(BadRequest, match=only):
        selector.check("StatefulSet")
    FieldSelector.parse("metadata.name=a,metadata.namespace=b").check("ResourceQuota")
    with pytest.raises(BadRequest, match=r"involvedObject\.name"):
        FieldSelector.parse("involvedObject.name=a").check("Event.v1.events.k8s.io")


def test_pods_answer_for_their_nodes_old_name_too() -> None:
    """A-149."""
    pod = {"spec": {"nodeName": "minisets-0"}, "status": {"podIP": "10.0.0.1"}}
    for text in (
        "spec.host=minisets-0",
        "spec.nodeName=minisets-0",
        "status.podIP=10.0.0.1",
        "status.podIPs=",
    ):
        assert FieldSelector.parse(text).matches("Pod", pod)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("regarding.name=web-0,type=Normal", True),
        ("regarding.kind=Node", False),
        ("reportingController=kubelet", True),
    ],
)
def test_events_answer_for_both_their_versions_fields(text: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    event = {
        "involvedObject": {"kind": "Pod", "name": "web-0"},
        "type": "Normal",
        "reportingComponent": "kubelet",
    }
    assert FieldSelector.parse(text).matches("Event.v1.events.k8s.io", event) is matches


def test_a_selector_prints_itself_with_its_escapes() -> None:
    text = r"metadata.name=a\,b,status.phase!=x\=y"

    assert str(FieldSelector.parse(text)) == text
    assert FieldSelector.parse("").is_empty()
