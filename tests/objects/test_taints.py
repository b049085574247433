"""Which taints a pod tolerates."""

from typing import Any

import pytest

from minisets.objects.taints import tolerates, untolerated

DEDICATED = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "value": "db"}, True),
        ({"key": "dedicated", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "dedicated", "value": "web"}, False),
        ({"key": "dedicated"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "dedicated", "operator": "Gt", "value": "1"}, False),
    ],
    ids=str,
)
def test_a_toleration_lets_a_taint_be(toleration: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table
    assert tolerates(toleration, DEDICATED) is expected


@pytest.mark.parametrize(
    ("operator", "there", "expected"),
    [("Gt", "5", True), ("Gt", "3", False), ("Lt", "3", True), ("Lt", "4", False), ("Gt", "many", False)],
)
def test_a_toleration_compares_numbers(operator: str, there: str, expected: bool) -> None:  # noqa: FBT001 - a table
    toleration = {"key": "level", "operator": operator, "value": "4"}
    assert tolerates(toleration, {"key": "level", "value": there, "effect": "NoExecute"}) is expected


def test_the_first_taint_that_a_pod_does_not_tolerate_is_told() -> None:
    node = {"spec": {"taints": [{"key": "soft", "effect": "PreferNoSchedule"}, DEDICATED]}}
    assert untolerated({"spec": {}}, node) == DEDICATED
    assert untolerated({"spec": {}}, node, ("PreferNoSchedule",)) == {
        "key": "soft",
        "effect": "PreferNoSchedule",
    }
    assert untolerated({"spec": {"tolerations": [{"operator": "Exists"}]}}, node) is None
    assert untolerated({"spec": {}}, {"spec": {}}) is None
