"""Namespaces: they go only when they are empty, and some never.

Leaves emptying one to `controllers/namespaces.py`, which then takes `spec.finalizers` away by an
update of the subresource `finalize`. Kubernetes: pkg/registry/core/namespace, admission lifecycle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.metadata import name_of, ref_of, spec_of, status_of
from minisets.registry import refusals
from minisets.registry.strategies.base import Context, Strategy, keep

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceStrategy(Strategy):
    """A namespace is held by `spec.finalizers` besides the usual ones."""

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """`spec.finalizers` is the subresource `finalize`'s."""
        super().prepare_update(new, old, context)
        keep("spec", new, old)

    def refuse_delete(self, obj: Object) -> None:
        """The namespaces that everything else counts on."""
        if name_of(obj) in IMMORTAL:
            raise refusals.forbidden(ref_of(obj), "this namespace may not be deleted")

    def mark_deleting(self, obj: Object) -> None:
        """No more creates in it from here on."""
        obj["status"] = {**status_of(obj), "phase": "Terminating"}

    def is_held(self, obj: Object) -> bool:
        """By finalizers of either sort."""
        return bool(spec_of(obj).get("finalizers")) or super().is_held(obj)
