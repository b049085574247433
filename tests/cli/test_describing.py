"""One object and its events as text."""

from typing import Any

import pytest

from minisets.cli.describing import described

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-0",
        "namespace": "default",
        "labels": {"b": "2", "a": "1"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "ownerReferences": [{"kind": "StatefulSet", "name": "web", "controller": True}],
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "deletionTimestamp": "2026-01-01T00:01:00Z",
    },
    "spec": {
        "containers": [{"name": "nginx", "args": ["-g", "x"]}],
        "hostNetwork": False,
        "nodeSelector": {},
    },
    "status": {"podIP": None},
}
EVENT = {"metadata": {"name": "e"}, "type": "Warning", "reason": "BackOff", "message": "again\n", "count": 3}


def test_an_object_is_described_from_head_to_events() -> None:
    assert described(POD, [{**EVENT, "source": {"component": "kubelet"}}], {"e": "5s"}) == (
        "Name:              web-0\n"
        "Namespace:         default\n"
        "Labels:            a=1\n"
        "                   b=2\n"
        "Annotations:       <none>\n"
        "Controlled By:     StatefulSet/web\n"
        "Created:           2026-01-01T00:00:00Z\n"
        "Terminating since: 2026-01-01T00:01:00Z\n"
        "Spec:\n"
        "  Containers:\n"
        "    - Name:  nginx\n"
        "      Args:\n"
        "        - -g\n"
        "        - x\n"
        "  Host Network:  false\n"
        "  Node Selector:  {}\n"
        "Status:\n"
        "  Pod IP:  <none>\n"
        "Events:\n"
        "  Type      Reason    Age       From      Message\n"
        "  ----      ------    ----      ----      -------\n"
        "  Warning   BackOff   5s (x3)   kubelet   again\n"
    )


def test_a_nodes_pods_stand_before_its_events() -> None:
    node = {"kind": "Node", "metadata": {"name": "minisets-0"}}
    assert described(node, [], {}, [POD]).endswith(
        "Non-terminated Pods:  (1 in total)\n"
        "  Namespace   Name\n"
        "  ---------   ----\n"
        "  default     web-0\n"
        "Events:  <none>\n"
    )
    assert "Non-terminated Pods:  (0 in total)\n" in described(node, [], {}, [])


def test_without_events_it_says_so() -> None:
    assert described(POD, [], {}).endswith("Events:  <none>\n")


def test_a_secret_shows_no_values() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "aGVsbG8="}}
    printed = described(secret, [], {})
    assert "Key:  5 bytes" in printed
    assert "aGVsbG8=" not in printed


def test_what_an_object_says_commands_no_terminal() -> None:
    assert "\x1b" not in described({"kind": "Pod", "metadata": {"name": "a"}, "x": "\x1b[2J"}, [], {})


@pytest.mark.parametrize(
    ("key", "title"),
    [("hostIPs", "Host IPs"), ("podIP", "Pod IP"), ("volumeClaimTemplates", "Volume Claim Templates")],
)
def test_field_names_become_words(key: str, title: str) -> None:
    obj = {"metadata": {"name": "a"}, "status": {key: "x"}}
    assert f"  {title}:  x" in described(obj, (), {}).splitlines()
