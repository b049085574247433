from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minisets.objects.budgets import covers, with_condition, with_failure
from minisets.objects.kinds import Object

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def budget(selector: Any) -> Object:
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": selector}}


def pod(namespace: str = "default", **labels: str) -> Object:
    return {"metadata": {"name": "web-0", "namespace": namespace, "labels": labels}}


@pytest.mark.parametrize(
    ("selector", "covered"),
    [
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", "web"]}]}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({}, True),
        (None, False),
    ],
)
def test_an_empty_selector_covers_all_and_none_covers_nothing(selector: Any, covered: bool) -> None:  # noqa: FBT001 - a table's column
    assert covers(budget(selector), pod(app="web")) is covered


def test_a_budget_covers_pods_of_its_namespace_only() -> None:
    assert not covers(budget({}), pod("shop", app="web"))


def test_the_condition_follows_the_number_and_is_stamped_where_it_flips() -> None:
    allowed = with_condition({"disruptionsAllowed": 1, "observedGeneration": 2}, NOW)
    entry = {
        "type": "DisruptionAllowed",
        "status": "True",
        "observedGeneration": 2,
        "lastTransitionTime": "2026-11-23T12:00:00Z",
        "reason": "SufficientPods",
        "message": "",
    }
    assert allowed["conditions"] == [entry]
    assert with_condition(allowed, LATER) == allowed
    none = with_condition({**allowed, "disruptionsAllowed": 0}, LATER)
    flipped = {
        **entry,
        "status": "False",
        "reason": "InsufficientPods",
        "lastTransitionTime": "2026-11-23T12:01:00Z",
    }
    assert none["conditions"] == [flipped]


def test_a_failure_allows_nothing_and_leaves_other_conditions_alone() -> None:
    other = {"type": "Other", "status": "True"}
    failed = with_failure({"disruptionsAllowed": 3, "expectedPods": 4, "conditions": [other]}, "no", NOW)
    assert (failed["disruptionsAllowed"], failed["expectedPods"]) == (0, 4)
    kept, said = failed["conditions"]
    assert kept == other
    assert (said["status"], said["reason"], said["message"]) == ("False", "SyncFailed", "no")
