"""The room of selectors: which objects a query, a statefulset or a Service means. Pure.

Belongs here: kubectl's label grammar, matchLabels and matchExpressions, plain maps, field selectors
and which fields each kind answers for. Must not: how a list or watch is filtered (store and `api/`).

2026-11-23: a selector is parsed once into a value that matches and prints itself. Rejected: matching
on strings in the store, which would put the kinds' meaning where only bytes should be.
"""

from minisets.objects.selectors.fields import FieldSelector
from minisets.objects.selectors.labels import LabelSelector

__all__ = ["FieldSelector", "LabelSelector"]
