"""Rules for amounts: requests and limits of containers, and single quantities.

Kubernetes: core validation.go validateResourceRequirements, ValidateResourceQuantityValue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects import names, quantities
from minisets.objects.causes import NEGATIVE, Causes, each_invalid, forbidden, invalid, required

if TYPE_CHECKING:
    from decimal import Decimal

    from minisets.objects.kinds import Object

_STANDARD = ("cpu", "memory", "ephemeral-storage")
_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_POSITIVE = "must be greater than zero"


def check_resources(path: str, resources: Object | None) -> Causes:
    """Known names, sound amounts, no request above its limit."""
    limits = (resources or {}).get("limits") or {}
    requests = (resources or {}).get("requests") or {}
    for name, amount in limits.items():
        yield from _check_name(f"{path}.limits[{name}]", name)
        yield from _check_amount(f"{path}.limits[{name}]", name, amount)
    for name, amount in requests.items():
        yield from _check_name(f"{path}.requests[{name}]", name)
        yield from _check_amount(f"{path}.requests[{name}]", name, amount)
        yield from _check_against_limit(path, name, amount, limits.get(name))
    names_used = {*limits, *requests}
    if any(name.startswith("hugepages-") for name in names_used) and not names_used & {"cpu", "memory"}:
        yield forbidden(path, "HugePages require cpu or memory")


def check_positive(path: str, amount: Any) -> Causes:
    """A quantity above zero."""
    number = amount_of(amount)
    if number is None:
        yield invalid(path, str(amount), _FORM)
    elif number <= 0:
        yield invalid(path, str(amount), _POSITIVE)


def check_not_negative(path: str, amount: Any) -> Causes:
    """A quantity of zero or more."""
    number = amount_of(amount)
    if number is None:
        yield invalid(path, str(amount), _FORM)
    elif number < 0:
        yield invalid(path, str(amount), NEGATIVE)


def amount_of(amount: Any) -> Decimal | None:
    """The number that a quantity stands for; None where it is none."""
    try:
        return quantities.parse(str(amount))
    except ValueError:
        return None


def _check_name(path: str, name: str) -> Causes:
    complaints = names.qualified_name(name)
    yield from each_invalid(path, name, complaints)
    if complaints:
        return
    if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        yield invalid(path, name, "must be a standard resource for containers")
    elif "/" in name and name.startswith("requests."):
        yield invalid(path, name, "doesn't follow extended resource name standard")


def _check_amount(path: str, name: str, amount: Any) -> Causes:
    yield from check_not_negative(path, amount)
    number = amount_of(amount)
    if "/" in name and number is not None and number != number.to_integral_value():
        yield invalid(path, str(amount), "must be an integer")


def _check_against_limit(path: str, name: str, amount: Any, limit: Any) -> Causes:
    may_overcommit = "/" not in name and not name.startswith("hugepages-")
    if limit is None:
        if not may_overcommit:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        return
    request, most = amount_of(amount), amount_of(limit)
    if request is None or most is None:
        return
    if request != most and not may_overcommit:
        yield invalid(f"{path}.requests", str(amount), f"must be equal to {name} limit of {limit}")
    elif request > most:
        detail = f"must be less than or equal to {name} limit of {limit}"
        yield invalid(f"{path}.requests", str(amount), detail)
