"""Services: what they keep of what was allocated to them, and when they need an address.

Leaves finding a free one to `registry/allocating.py`.
Kubernetes: pkg/registry/core/service/{strategy.go,storage/alloc.go}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import spec_of
from minisets.registry import allocating
from minisets.registry.strategies.base import Context, Strategy

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_ADDRESS_FIELDS = ("clusterIP", "clusterIPs")
_FAMILY_FIELDS = ("ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")


class ServiceStrategy(Strategy):
    """Addresses and node ports are taken in the transaction that writes the Service."""

    def prepare_update(self, new: Object, old: Object, context: Context) -> None:
        """A manifest names no address: that must not take the stored one away."""
        super().prepare_update(new, old, context)
        _keep_addresses(spec_of(new), spec_of(old))
        _keep_node_ports(spec_of(new), spec_of(old))

    def allocate(self, obj: Object, old: Object | None, context: Context) -> None:
        """An address and node ports, where the type wants them and there are none."""
        if allocating.wants_address(spec_of(obj)):
            allocating.allocate_address(obj, old, context.reader, context.settings)
        allocating.allocate_node_ports(obj, context.reader)


def _keep_addresses(new: dict[str, Any], old: dict[str, Any]) -> None:
    """Kubernetes: strategy.go patchAllocatedValues, dropTypeDependentFields."""
    if new.get("type") == "ExternalName":
        if old.get("type") != "ExternalName" and new.get("clusterIP") == old.get("clusterIP"):
            for field in (*_ADDRESS_FIELDS, *_FAMILY_FIELDS):
                new.pop(field, None)
    elif not new.get("clusterIP") and old.get("clusterIP"):
        for field in _ADDRESS_FIELDS:
            if old.get(field):
                new[field] = old[field]


def _keep_node_ports(new: dict[str, Any], old: dict[str, Any]) -> None:
    if not allocating.wants_node_ports(new):
        if new.get("type") != old.get("type"):
            for port in new.get("ports") or ():
                port.pop("nodePort", None)
        return
    known = {_port_key(port): port["nodePort"] for port in old.get("ports") or () if port.get("nodePort")}
    for port in new.get("ports") or ():
        if not port.get("nodePort") and _port_key(port) in known:
            port["nodePort"] = known[_port_key(port)]


def _port_key(port: dict[str, Any]) -> tuple[Any, Any]:
    return port.get("protocol") or "TCP", port.get("port")
