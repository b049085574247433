"""Which network a sandbox joins, and with which address.

A network that somebody removed is made again as it was: what is stored has addresses in it. A stranger's of
the cluster's name is not joined. Leaves choosing an address to `addresses.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.cluster import network
from minisets.errors import EngineConflict, EngineError, MinisetsError
from minisets.kubelet.addresses import uses_host_network
from minisets.kubelet.failures import NotYet

if TYPE_CHECKING:
    from minisets.kubelet.carry import Parts
    from minisets.objects.kinds import Object


def attached(pod: Object, parts: Parts) -> tuple[str, str]:
    """The network, and the address in it: taken, and on record, before anything has it."""
    if uses_host_network(pod):
        return "host", ""
    try:
        _ensure_network(pod, parts)
    except EngineError:
        raise
    except MinisetsError as error:
        raise NotYet(str(error), "NetworkGone") from error
    address = parts.addresses.take(pod)
    if parts.settings.subnet is None:
        return "", ""
    return parts.settings.network, address


def _ensure_network(pod: Object, parts: Parts) -> None:
    settings = parts.settings
    if settings.subnet is None or network.find(parts.engine.list_networks(), settings.cluster):
        return
    try:
        parts.engine.create_network(network.spec_for(settings.cluster, settings.subnet))
    except EngineConflict as error:
        raise MinisetsError(
            f"{error}: another network has its addresses by now; `down`, then `up`, chooses others"
        ) from error
    said = f"the network {settings.network} was gone, and is there again"
    parts.recorder.record(pod, "Warning", "NetworkGone", said)
