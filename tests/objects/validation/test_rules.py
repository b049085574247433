from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.kinds import KINDS
from minisets.objects.validation import validate, validate_status, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause

NAMESPACED = {"name": "web", "namespace": "default"}


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("ControllerRevision", {}, ["data: Required value: data is mandatory"]),
        (
            "ControllerRevision",
            {"data": {}, "revision": -1},
            ["revision: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            "EndpointSlice",
            {"addressType": "IPX"},
            ['addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6"'],
        ),
        (
            "EndpointSlice",
            {"addressType": "IPv4", "endpoints": [{}]},
            ["endpoints[0].addresses: Required value: must contain at least 1 address"],
        ),
        (
            "Endpoints",
            {"subsets": [{}]},
            ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
        ),
        ("Event", {}, []),
        ("ServiceAccount", {}, []),
    ],
)
def test_small_kinds_have_rules_of_their_own(
    said: Callable[[Iterable[Cause]], list[str]], kind: str, fields: dict[str, Any], expected: list[str]
) -> None:
    assert said(validate(kind, {"metadata": NAMESPACED, **fields})) == expected


def test_a_revision_never_changes_its_data(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    old = {"metadata": NAMESPACED, "data": {"spec": 1}, "revision": 1}

    assert said(validate_update("ControllerRevision", {**old, "data": {"spec": 2}}, old)) == [
        'data: Invalid value: {"spec":2}: field is immutable',
    ]
    assert validate_update("ControllerRevision", {**old, "revision": 2}, old) == ()


def test_a_nodes_taints_have_an_effect(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    node = {"metadata": {"name": "minisets-0"}, "spec": {"taints": [{"key": "a", "effect": "Never"}]}}

    assert said(validate("Node", node)) == [
        (
            'spec.taints[0].effect: Unsupported value: "Never":'
            ' supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'
        ),
    ]


def test_an_events_name_may_be_anything_that_fits_a_url(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    assert validate("Event", {"metadata": {"name": "Web_0.17ab", "namespace": "default"}}) == ()
    assert said(validate("Event", {"metadata": {"name": "a/b", "namespace": "default"}})) == [
        "metadata.name: Invalid value: \"a/b\": may not contain '/'",
    ]


@pytest.mark.parametrize("kind", [kind.title for kind in KINDS])
def test_an_empty_object_of_any_kind_is_refused_and_never_raises(kind: str) -> None:
    assert validate(kind, {})
    assert isinstance(validate_update(kind, {}, {}), tuple)
    assert validate_status(kind, {}, {}) == ()
