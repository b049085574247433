"""How many nodes a cluster has, up to how many it grows, and in which zones they are. Pure.

Written down in a ConfigMap that people may edit: a value that cannot be read is as if it were not there.
Leaves making nodes to `controllers/nodes`, and filling them in to the kubelet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.objects.kinds import Ref
from minisets.objects.names import label_value

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

SHAPE = Ref("ConfigMap", "kube-system", "minisets-nodes")
REGION = "minisets"
MOST = 100
"""Of nodes. Why: one mistyped digit would else make a million of them."""

MACHINE_RESOURCES = frozenset({"cpu", "ephemeral-storage", "memory", "pods"})
"""What every node has, by what the machine has. People advertise others, each on a Node of its own."""

_NODES, _MAX_NODES, _ZONES = "nodes", "max-nodes", "zones"


@dataclass(frozen=True)
class Shape:
    """nodes: how many are always there. max_nodes: up to how many there come to be; at least `nodes`."""

    nodes: int = 1
    max_nodes: int = 8
    zones: tuple[str, ...] = ("minisets-a", "minisets-b", "minisets-c")

    @classmethod
    def of(cls, configmap: Object | None) -> Shape:
        """As the ConfigMap says; the default for what it does not say."""
        data = (configmap or {}).get("data") or {}
        nodes = _count(data.get(_NODES)) or cls.nodes
        most = _count(data.get(_MAX_NODES)) or cls.max_nodes
        return cls(nodes, max(nodes, most), _zones(data.get(_ZONES)) or cls.zones)

    def zone_of(self, ordinal: int) -> str:
        """The zone of a node: they take turns."""
        return self.zones[ordinal % len(self.zones)]

    def as_data(self) -> dict[str, str]:
        """What stands in the ConfigMap."""
        return {_NODES: str(self.nodes), _MAX_NODES: str(self.max_nodes), _ZONES: ",".join(self.zones)}


def _count(text: str | None) -> int:
    """1 to MOST; 0 for what is not."""
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > len(str(MOST)):
        return 0
    return int(text) if int(text) <= MOST else 0


def _zones(text: str | None) -> tuple[str, ...]:
    """Names that a label can have; none at all where one cannot be."""
    names = tuple(name.strip() for name in (text or "").split(","))
    return () if any(not name or label_value(name) for name in names) else names
