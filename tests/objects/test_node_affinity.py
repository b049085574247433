"""Which nodes a pod or a volume can have by its node selectors."""

from typing import Any

import pytest

from minisets.objects.node_affinity import PREFERRED, REQUIRED, fits_selectors, matches_any, preferences

NODE = {
    "kind": "Node",
    "metadata": {"name": "minisets-1", "labels": {"disk": "ssd", "cores": "8", "zone": "b"}},
}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def wanting(*terms: dict[str, Any], **selector: str) -> dict[str, Any]:
    needed = {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}} if terms else {}
    return {"kind": "Pod", "spec": {"nodeSelector": selector, **needed}}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (expression("disk", "In", "ssd", "nvme"), True),
        (expression("disk", "In", "hdd"), False),
        (expression("disk", "NotIn", "hdd"), True),
        (expression("colour", "NotIn", "red"), True),
        (expression("disk", "Exists"), True),
        (expression("disk", "DoesNotExist"), False),
        (expression("cores", "Gt", "7"), True),
        (expression("cores", "Lt", "8"), False),
        (expression("cores", "Gt", "many"), False),
        (expression("disk", "Gt", "1"), False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["minisets-1"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["minisets-1"]}]}, False),
        ({**expression("disk", "Exists"), "matchFields": [
            {"key": "metadata.name", "operator": "In", "values": ["minisets-0"]}]}, False),
        ({}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_term_holds_where_all_that_it_says_does(term: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table
    assert matches_any([term], NODE) is expected
    assert fits_selectors(wanting(term), NODE) is expected


def test_one_term_is_enough_and_the_node_selector_counts_besides() -> None:
    fitting, other = expression("disk", "In", "ssd"), expression("disk", "In", "hdd")
    assert fits_selectors(wanting(other, fitting), NODE)
    assert fits_selectors(wanting(fitting, zone="b"), NODE)
    assert not fits_selectors(wanting(fitting, zone="a"), NODE)
    assert fits_selectors(wanting(), NODE)
    assert not matches_any([], NODE)


def test_preferred_terms_add_up_and_an_empty_one_is_no_wish() -> None:
    wishes = [
        {"weight": 5, "preference": expression("disk", "In", "ssd")},
        {"weight": 20, "preference": expression("disk", "In", "hdd")},
        {"weight": 2, "preference": expression("zone", "Exists")},
        {"weight": 50, "preference": {}},
    ]
    assert preferences({"spec": {"affinity": {"nodeAffinity": {PREFERRED: wishes}}}}, NODE) == 7
    assert preferences({"spec": {}}, NODE) == 0
