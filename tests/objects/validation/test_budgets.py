from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.defaulting import with_defaults
from minisets.objects.validation import validate, validate_status, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause
    from minisets.objects.kinds import Object

SELECTOR = {"matchLabels": {"app": "web"}}
SHARE = "a valid percent string must be a numeric string followed by an ending '%'"


def budget(**spec: Any) -> Object:
    metadata = {"name": "web", "namespace": "default"}
    return {"metadata": metadata, "spec": {"selector": SELECTOR, **spec}}


@pytest.mark.parametrize("value", [0, 2, "0%", "50%", "100%"])
@pytest.mark.parametrize("field", ["minAvailable", "maxUnavailable"])
def test_a_number_or_a_share_may_be_stored(field: str, value: Any) -> None:
    assert validate("PodDisruptionBudget", budget(**{field: value})) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-1, "Invalid value: -1: must be greater than or equal to 0"),
        ("101%", 'Invalid value: "101%": must not be greater than 100%'),
        (
            "1",
            f"Invalid value: \"1\": {SHARE} (e.g. '1%', or '93%', regex used for validation is '[0-9]+%')",
        ),
    ],
)
@pytest.mark.parametrize("field", ["minAvailable", "maxUnavailable"])
def test_other_numbers_and_shares_may_not(
    said: Callable[[Iterable[Cause]], list[str]], field: str, value: Any, expected: str
) -> None:
    assert said(validate("PodDisruptionBudget", budget(**{field: value}))) == [f"spec.{field}: {expected}"]


def test_only_one_of_the_two_may_be_said(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    both = said(validate("PodDisruptionBudget", budget(minAvailable=1, maxUnavailable=1)))
    assert len(both) == 1
    assert both[0].startswith("spec: Invalid value: ")
    assert both[0].endswith(": minAvailable and maxUnavailable cannot be both set")


def test_a_policy_is_one_of_two_and_none_by_default(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    assert with_defaults("PodDisruptionBudget", budget()) == budget()
    for policy in ("AlwaysAllow", "IfHealthyBudget"):
        assert validate("PodDisruptionBudget", budget(unhealthyPodEvictionPolicy=policy)) == ()
    assert said(validate("PodDisruptionBudget", budget(unhealthyPodEvictionPolicy="Never"))) == [
        (
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": '
            'supported values: "AlwaysAllow", "IfHealthyBudget"'
        )
    ]


def test_a_selector_is_a_good_one_or_none(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    assert validate("PodDisruptionBudget", budget(selector=None)) == ()
    (complaint,) = said(
        validate(
            "PodDisruptionBudget", budget(selector={"matchExpressions": [{"key": "a", "operator": "Is"}]})
        )
    )
    assert complaint.startswith('spec.selector.matchExpressions[0].operator: Invalid value: "Is"')


def test_the_name_may_be_anything_that_fits_a_url() -> None:
    assert validate("PodDisruptionBudget", {**budget(), "metadata": {"name": "Web", "namespace": "a"}}) == ()


def test_all_of_a_spec_may_change_into_what_may_be_created(
    said: Callable[[Iterable[Cause]], list[str]],
) -> None:
    old = budget(minAvailable=1)
    assert validate_update("PodDisruptionBudget", budget(maxUnavailable="10%", selector={}), old) == ()
    assert said(validate_update("PodDisruptionBudget", budget(minAvailable=-1), old))


def test_counts_are_none_below_zero_and_conditions_whole(
    said: Callable[[Iterable[Cause]], list[str]],
) -> None:
    counts = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    negative = {**budget(), "status": dict.fromkeys(counts, -1)}
    assert said(validate_status("PodDisruptionBudget", negative, budget())) == [
        f"status.{field}: Invalid value: -1: must be greater than or equal to 0" for field in counts
    ]
    good = {"type": "A", "status": "True", "reason": "Why", "lastTransitionTime": "2026-11-23T12:00:00Z"}
    whole = {**budget(), "status": {"conditions": [good]}}
    assert validate_status("PodDisruptionBudget", whole, budget()) == ()
    bad = {"type": "A", "status": "Yes", "observedGeneration": -1}
    odd = {**good, "type": "B", "reason": "-"}
    broken = {**budget(), "status": {"conditions": [good, bad, odd]}}
    complaints = said(validate_status("PodDisruptionBudget", broken, budget()))
    assert complaints[:5] == [
        'status.conditions[1].type: Duplicate value: "A"',
        'status.conditions[1].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
        "status.conditions[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero",
        "status.conditions[1].lastTransitionTime: Required value: must be set",
        "status.conditions[1].reason: Required value: must be set",
    ]
    assert complaints[5].startswith(
        'status.conditions[2].reason: Invalid value: "-": a condition reason must'
    )
