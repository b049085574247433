"""Rules for labels and for the selectors over them.

Kubernetes: apimachinery pkg/apis/meta/v1/validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import each_invalid, forbidden, invalid, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.causes import Causes
    from minisets.objects.kinds import Object


def check_labels(path: str, labels: Mapping[str, str] | None) -> Causes:
    """Keys that are qualified names, values of at most 63 plain characters."""
    for key, value in (labels or {}).items():
        yield from each_invalid(path, key, names.qualified_name(key))
        yield from each_invalid(path, value, names.label_value(value))


def check_label_selector(path: str, selector: Object | None) -> Causes:
    """Labels and expressions of a selector; an absent selector is fine."""
    yield from check_labels(f"{path}.matchLabels", (selector or {}).get("matchLabels"))
    for index, expression in enumerate((selector or {}).get("matchExpressions") or ()):
        yield from _check_expression(f"{path}.matchExpressions[{index}]", expression)


def _check_expression(path: str, expression: Object) -> Causes:
    operator = expression.get("operator") or ""
    values = expression.get("values") or []
    if operator in {"In", "NotIn"} and not values:
        yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in {"Exists", "DoesNotExist"} and values:
        yield forbidden(
            f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        )
    elif operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = expression.get("key") or ""
    yield from each_invalid(f"{path}.key", key, names.qualified_name(key))
    for index, value in enumerate(values):
        yield from each_invalid(f"{path}.values[{index}]", value, names.label_value(value))
