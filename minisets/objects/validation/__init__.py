"""The room of rules: whether an object may be stored, and whether it may become another. Pure.

Belongs here: upstream's validation for the served kinds, as far as real manifests reach, with its
fields, reasons and wording, since people search for these texts. Must not: types and unknown fields
(`objects/strictness.py`, which come first), admission and what needs a second object (`registry/`).

Every check yields causes in upstream's order; objects come defaulted and in canonical form. One module
for each part of an object; `rules.py` says which kind has which.

2026-11-23: written out by hand. Rejected: rules in the schema (it has types, not rules) and models with
validators (their messages are their own).
2026-11-23: immutable statefulset fields keep the one-line `spec: Forbidden: updates to statefulset
spec...` of 1.18 to 1.36 (A-76). Differs: 1.37.0 has a cause for each field, `spec.serviceName: Invalid
value: "x": field is immutable`.
2026-11-23: `resourceVersion` is not looked at: whether an update may go without is `registry/`'s.
"""

from minisets.objects.causes import refusal
from minisets.objects.validation.rules import (
    validate,
    validate_ephemeral,
    validate_spoken,
    validate_status,
    validate_update,
)

__all__ = [
    "refusal",
    "validate",
    "validate_ephemeral",
    "validate_spoken",
    "validate_status",
    "validate_update",
]
