"""Which engine the cluster is to run on, whether it is fit, and that no other server has it there."""

from __future__ import annotations

import hashlib
import socket
import struct
import sys
from typing import TYPE_CHECKING

from minisets.cluster import network
from minisets.cluster.private import write_private
from minisets.engine import labels
from minisets.engine.docker import DockerEngine
from minisets.errors import EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from minisets.cluster.places import Places
    from minisets.engine.interface import Engine


_PEER = struct.Struct("3i")  # process, user and group, as the kernel has them


def check(cluster: str) -> None:
    """Raise, in one line, what stands in the way: no engine, no permission, a stranger with our name."""
    engine = DockerEngine.connect()
    try:
        refuse_strangers(engine, cluster)
    finally:
        engine.close()


def is_in_memory(places: Places) -> bool:
    """Whether the cluster of that state has nothing on Docker; one of the same name there is another's."""
    try:
        return places.engine.read_text().strip() == "memory"
    except OSError:
        return False


def mark(places: Places, engine: str) -> None:
    """Write down which engine the cluster has.

    MinisetsError for one in memory where one on Docker was: what is said to the first (`down --volumes`)
    would be taken for the other, and its data.
    """
    if (
        engine == "memory"
        and not is_in_memory(places)
        and (places.engine.exists() or places.database.exists())
    ):
        raise MinisetsError(
            f'cluster "{places.cluster}" is one on Docker (its state is in {places.state}): '
            "use another name for one in memory: --cluster NAME"
        )
    write_private(places.engine, f"{engine}\n")


def refuse_strangers(engine: Engine, cluster: str) -> None:
    """MinisetsError if a container or network has the cluster's name and is not ours."""
    network.find(engine.list_networks(), cluster)
    try:
        found = engine.inspect_container(cluster)
    except EngineNotFound:
        return
    # Why the name: the engine also finds by the beginning of an id, and "cafe" may be one.
    if found.name == cluster and found.labels.get(labels.CLUSTER) != cluster:
        raise MinisetsError(
            f'a container "{cluster}" exists that minisets did not make: it is left alone. '
            f"Rename it (`docker rename {cluster} NAME`), or use another name: --cluster NAME"
        )


class Claim:
    """One server a cluster on one engine, whatever their states: a second one would end the first one's pods.

    Why not a file: two users share none, and one is gone with a deleted state. The name of a socket in the
    kernel's abstract space is released when its holder dies. Elsewhere than on Linux nothing is claimed.
    """

    def __init__(self, engine: Engine, cluster: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        if sys.platform != "linux":
            return
        whose = hashlib.sha256(f"{engine.info().id}/{cluster}".encode()).hexdigest()[:32]
        name = f"\0minisets/{whose}"
        try:
            self._socket.bind(name)
            self._socket.listen()
        except OSError as error:
            self._socket.close()
            holder = _listener(name)
            raise MinisetsError(
                f'process {holder} serves cluster "{cluster}" on this engine, with a state of its own: '
                f"end it (`kill {holder}`), or use another name: --cluster NAME"
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        self._socket.close()


def _listener(name: str) -> str:
    """The process that listens at a name."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1)
        try:
            asking.connect(name)
            told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        except OSError:
            return "PID"
    return str(_PEER.unpack(told)[0])
