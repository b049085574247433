"""Which nodes this kubelet serves, as their Nodes say now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, name_of, status_of
from minisets.objects.taints import OUT_OF_SERVICE, taints_of
from minisets.settings import STOPPED, node_ordinal
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader
    from minisets.store.interface import Change

HALTED = "minisets.dev/halted"
"""An annotation, on a Node: how its containers were halted, from before the first until after the last."""


class Served:
    """Looked up each time: the store has them in memory."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def node(self, name: str) -> Object | None:
        """The Node, if it is there, and one of ours."""
        return self._reader.get(Ref("Node", "", name)) if is_ours(name) else None

    def all(self) -> tuple[Object, ...]:
        """Those of ours that are there, the first one first."""
        found = [one for one in self._reader.list("Node").items if is_ours(name_of(one))]
        return tuple(sorted(found, key=lambda one: node_ordinal(name_of(one)) or 0))

    def runs(self, name: str) -> bool:
        """Whether pods of that node are looked at. Not before it is filled in: they may want its labels."""
        node = self.node(name)
        return node is not None and is_filled_in(node) and not stands_still(node)

    def stands_still(self, name: str) -> bool:
        """Whether nobody may do anything about that node's containers. Of no Node: they are nobody's."""
        node = self.node(name)
        return node is not None and stands_still(node)

    def is_out_of_service(self, name: str) -> bool:
        """Whether a person has said that nothing runs there any more."""
        return any(one.get("key") == OUT_OF_SERVICE for one in taints_of(self.node(name) or {}))


def is_ours(name: str) -> bool:
    """Whether a node of that name has this kubelet, and not one that somebody else runs."""
    return node_ordinal(name) is not None


def stands_still(node: Object) -> bool:
    """Whether it is stopped, or not yet let go."""
    return not {STOPPED, HALTED}.isdisjoint(annotations_of(node))


def is_filled_in(node: Object) -> bool:
    """Whether its status was ever written here. Why not its conditions: others' while it is stopped."""
    return bool((status_of(node).get("nodeInfo") or {}).get("kubeletVersion"))


def concerns_pods(change: Change) -> bool:
    """Whether a change of a Node is one for its pods: it came, went, stopped, went on, or is given up."""
    if change.previous is None or change.type is ChangeType.DELETED:
        return True
    return _state(change.previous) != _state(change.object)


def _state(node: Object) -> tuple[bool, bool, bool]:
    is_given_up = any(one.get("key") == OUT_OF_SERVICE for one in taints_of(node))
    return is_filled_in(node), stands_still(node), is_given_up
