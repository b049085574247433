"""Which labels a selector matches, whichever of its three forms it came in. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.objects.selectors.grammar import Requirement, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXPRESSIONS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True)
class LabelSelector:
    """Requirements that must all hold, sorted by key; None matches nothing."""

    requirements: tuple[Requirement, ...] | None

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Kubectl's grammar; BadRequest where it does not hold. Empty text matches everything."""
        return cls(parse(text))

    @classmethod
    def of(cls, selector: Mapping[str, Any] | None) -> LabelSelector:
        """`matchLabels` and `matchExpressions`; None matches nothing, an empty one everything.

        Expects a selector that passed validation; an operator that nobody knows matches nothing.
        Kubernetes: metav1.LabelSelectorAsSelector.
        """
        if selector is None:
            return cls(None)
        found = [
            Requirement(key, "=", (value,)) for key, value in (selector.get("matchLabels") or {}).items()
        ]
        for expression in selector.get("matchExpressions") or ():
            operator = _EXPRESSIONS.get(expression.get("operator", ""))
            if operator is None:
                return cls(None)
            values = tuple(sorted(set(expression.get("values") or ())))
            found.append(Requirement(expression.get("key", ""), operator, values))
        return cls(tuple(sorted(found, key=lambda requirement: requirement.key)))

    @classmethod
    def of_map(cls, labels: Mapping[str, str] | None) -> LabelSelector:
        """A Service's selector: every label must have its value.

        Why: an empty map matches everything here; a Service without a selector has no endpoints of its
        own, which the endpoints controller must ask with `is_empty()` first.
        """
        return cls.of({"matchLabels": dict(labels or {})})

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether every requirement holds for these labels."""
        if self.requirements is None:
            return False
        return all(_holds(requirement, labels) for requirement in self.requirements)

    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return self.requirements == ()

    def __str__(self) -> str:
        return ",".join(_written(requirement) for requirement in self.requirements or ())


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "=" | "==" | "in":
            return value is not None and value in requirement.values
        case "!=" | "notin":
            return value is None or value not in requirement.values
        case "exists":
            return value is not None
        case "!":
            return value is None
        case _:
            return value is not None and _compares(requirement, value)


def _compares(requirement: Requirement, value: str) -> bool:
    if not re.fullmatch(r"[+-]?[0-9]+", value):
        return False
    limit = int(requirement.values[0])
    return int(value) > limit if requirement.operator == ">" else int(value) < limit


def _written(requirement: Requirement) -> str:
    match requirement.operator:
        case "exists":
            return requirement.key
        case "!":
            return f"!{requirement.key}"
        case "in" | "notin":
            return f"{requirement.key} {requirement.operator} ({','.join(requirement.values)})"
        case operator:
            return f"{requirement.key}{operator}{requirement.values[0]}"
