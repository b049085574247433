from __future__ import annotations

from typing import Any

import pytest

from minisets.objects.causes import invalid, refusal, rendered, required


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('say "ü"', '"say \\"ü\\""'),
        (3, "3"),
        (True, "true"),
        (None, "null"),
        ({"b": 1, "a": ["x"]}, '{"a":["x"],"b":1}'),
    ],
)
def test_values_are_shown_as_kubernetes_shows_them(value: Any, text: str) -> None:
    assert rendered(value) == text


def test_a_single_cause_stands_without_brackets_and_core_kinds_without_a_group() -> None:
    error = refusal("Pod", "web-0", [required("spec.containers")])

    assert str(error) == 'Pod "web-0" is invalid: spec.containers: Required value'
    assert error.as_status()["code"] == 422
    assert error.details()["kind"] == "Pod"


def test_the_same_fault_is_said_once_and_counted_as_often_as_it_is() -> None:
    fault = invalid("metadata.labels", "-", "bad")

    error = refusal("Pod", "web-0", [fault, fault])

    assert str(error) == 'Pod "web-0" is invalid: metadata.labels: Invalid value: "-": bad'
    assert len(error.details()["causes"]) == 2


def test_a_refusal_without_causes_still_names_the_object() -> None:
    assert str(refusal("StatefulSet", "web", [])) == 'StatefulSet.apps "web" is invalid'
