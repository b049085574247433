"""Which address a pod gets: round-robin over the pods' range, none reused until the range wraps (DESIGN 5).

The cursor is an annotation of a Node, mostly the first one's, written before the address is used: whoever
dies in between has only skipped one. Leaves to the engine that nobody else has it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError
from minisets.kubelet.nodes.served import Served
from minisets.objects.metadata import annotations_of, ref_of, spec_of, status_of, uid_of
from minisets.objects.pods import is_terminal
from minisets.settings import Parts, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from minisets.objects.kinds import Object, Ref
    from minisets.registry.registry import Registry
    from minisets.store.interface import Store

CURSOR = "minisets.dev/address-cursor"
_NOWHERE = IPv4Network("10.88.0.0/16")
"""Where pods seem to live over an engine without a network."""


def next_address(pods: IPv4Network, cursor: str, in_use: Collection[str]) -> IPv4Address | None:
    """The first free address after the cursor, wrapping; None if all are in use.

    The range's first and last address are never given: they look like a network's and a broadcast's.
    """
    first, count = int(pods.network_address) + 1, pods.num_addresses - 2
    last = _offset(pods, cursor)
    for step in range(1, count + 1):
        candidate = IPv4Address(first + (last + step) % count)
        if str(candidate) not in in_use:
            return candidate
    return None


def pods_range(settings: Settings) -> IPv4Network:
    """The part of the cluster's subnet that pods live in."""
    return settings.parts.pods if settings.subnet is not None else Parts.of(_NOWHERE).pods


class Addresses:
    """Gives addresses, and writes down that it did."""

    def __init__(self, store: Store, registry: Registry, settings: Settings) -> None:
        self._store = store
        self._registry = registry
        self._range = pods_range(settings)

    def take(self, pod: Object) -> str:
        """The pod's new address: on record in its status, before anything has it."""
        address = self._advance()
        self._registry.change(ref_of(pod), _with_address(uid_of(pod), address), subresource="status")
        return address

    def _advance(self) -> str:
        in_use = self._in_use()

        def edit(node: Object) -> Object:
            found = next_address(self._range, annotations_of(node).get(CURSOR, ""), in_use)
            if found is None:
                raise MinisetsError(
                    f"all {self._range.num_addresses - 2} pod addresses of {self._range} are in use: "
                    "delete pods, or choose a larger subnet"
                )
            node["metadata"]["annotations"] = {**annotations_of(node), CURSOR: str(found)}
            return node

        return annotations_of(self._registry.change(self._keeper(), edit))[CURSOR]

    def _keeper(self) -> Ref:
        """The Node that has the cursor. Why not simply the first one: a person may have deleted that."""
        nodes = Served(self._store).all()
        having = [one for one in nodes if CURSOR in annotations_of(one)]
        for one in (*having, *nodes):
            return ref_of(one)
        raise MinisetsError("there is no Node that could keep the cursor of addresses")

    def _in_use(self) -> frozenset[str]:
        """The addresses of all pods that have not ended."""
        pods = self._store.list("Pod").items
        live = (status_of(pod) for pod in pods if not is_terminal(pod))
        return frozenset(str(status["podIP"]) for status in live if status.get("podIP"))


def uses_host_network(pod: Object) -> bool:
    """Whether the pod has the machine's own addresses."""
    return bool(spec_of(pod).get("hostNetwork"))


def _with_address(uid: str, address: str) -> Callable[[Object], Object | None]:
    def edit(pod: Object) -> Object | None:
        if uid_of(pod) != uid:
            return None
        pod["status"] = {**status_of(pod), "podIP": address, "podIPs": [{"ip": address}]}
        return pod

    return edit


def _offset(pods: IPv4Network, cursor: str) -> int:
    """Where the cursor stands in the range; just before the beginning if it is not in it."""
    try:
        address = IPv4Address(cursor)
    except ValueError:
        return -1
    return int(address) - int(pods.network_address) - 1 if address in pods else -1
