"""Local ports carried to a pod's: for each local connection a WebSocket of its own, all on one loop.

    local connection --up--> channel 0 --> the pod's port     channel 1: why it was not reached, as text

Decides what ends a connection, and that a refused one ends nothing else. Leaves which ports and pod to the
caller, who is told what happens. Kubernetes: client-go tools/portforward/portforward.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.client.sockets import Destination, Lost, Socket, opened
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from minisets.client.access import Access
    from minisets.objects.kinds import Ref

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_CHUNK = 32 * 1024
_AT_ONCE = 100
"""Connections; more wait to be taken. Each needs two files, and a shell may grant 256."""
_BACKLOG = 128


@dataclass(frozen=True)
class Ports:
    """A local port (0: a free one), and the pod's."""

    local: int
    remote: int


@dataclass(frozen=True)
class Listening:
    """Connections to this address are taken from now on."""

    address: str
    ports: Ports


@dataclass(frozen=True)
class Deaf:
    """The local port cannot be had."""

    ports: Ports
    reason: str


@dataclass(frozen=True)
class Taken:
    """A connection has come."""

    ports: Ports


@dataclass(frozen=True)
class Failed:
    """A connection was not carried, or not to its end. The others go on."""

    ports: Ports
    reason: str


Happening = Listening | Deaf | Taken | Failed


class Forwarding:
    """Some local ports, carried for as long as `serve` runs. reach: a socket to that port of the pod."""

    def __init__(self, reach: Callable[[int], Awaitable[Socket]], tell: Callable[[Happening], None]) -> None:
        self._reach = reach
        self._tell = tell
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._listening: list[tuple[socket.socket, Ports]] = []

    def listen(self, wanted: Ports, addresses: Iterable[str]) -> None:
        """Take one local port at these addresses. `localhost` is both loopbacks, of which one will do."""
        ports, reasons, missed = wanted, [], False
        for name in addresses:
            both = ("127.0.0.1", "::1") if name == "localhost" else (name,)
            got = 0
            for address in both:
                try:
                    held = _bound(address, ports.local)
                except OSError as error:
                    reasons.append(f"{address}: {os.strerror(error.errno) if error.errno else error}")
                    continue
                got += 1
                ports = Ports(held.getsockname()[1], wanted.remote)
                self._listening.append((held, ports))
                self._tell(Listening(f"[{address}]" if ":" in address else address, ports))
            missed = missed or not got
        if missed:
            self._tell(Deaf(wanted, "; ".join(reasons)))

    async def serve(self) -> None:
        """Until it is cancelled, which ends all connections at once; MinisetsError where nothing listens."""
        if not self._listening:
            raise MinisetsError("unable to listen on any of the requested ports")
        try:
            async with asyncio.TaskGroup() as group:
                for held, ports in self._listening:
                    group.create_task(self._accept(group, held, ports))
        except BaseExceptionGroup as errors:  # or what cannot be told: who read that is gone
            raise errors.exceptions[0] from None
        finally:
            for held, _ in self._listening:
                held.close()

    async def _accept(self, group: asyncio.TaskGroup, held: socket.socket, ports: Ports) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(held)
            except ConnectionError:
                continue  # it has gone again
            except OSError as error:
                raise MinisetsError(f"no connection can be taken any more: {error}") from error
            await self._slots.acquire()
            group.create_task(self._carry(connection, ports))

    async def _carry(self, connection: socket.socket, ports: Ports) -> None:
        try:
            self._tell(Taken(ports))
            if said := await self._carried(connection, ports.remote):
                self._tell(Failed(ports, said))
        finally:
            connection.close()
            self._slots.release()

    async def _carried(self, connection: socket.socket, port: int) -> str:
        try:
            reader, writer = await asyncio.open_connection(sock=connection)
        except OSError:
            return ""  # it has gone again
        try:
            remote = await self._reach(port)
            try:
                return await carried(reader, writer, remote)
            finally:
                remote.abort()
        except MinisetsError as error:
            return str(error)
        finally:
            writer.transport.abort()


def forward(
    access: Access,
    pod: Ref,
    ports: Sequence[Ports],
    addresses: Sequence[str],
    tell: Callable[[Happening], None],
) -> None:
    """Carry these ports, until Ctrl-C. The pod is found by its name anew for each connection."""

    def reach(port: int) -> Awaitable[Socket]:
        return opened(access, Destination(pod, "portforward", [("ports", str(port))], _PROTOCOL))

    async def serve() -> None:
        forwarding = Forwarding(reach, tell)
        for one in ports:
            forwarding.listen(one, addresses)
        await forwarding.serve()

    asyncio.run(serve())


async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, remote: Socket) -> str:
    """Both ways, until the pod has no more to say; what the server said of a failure.

    Differs: an empty message on channel 0 is the end of what is said to the pod, so that it can still answer.
    In Kubernetes this form has no such end.
    """
    up = asyncio.create_task(_up(reader, remote))
    try:
        return await _down(remote, writer)
    finally:
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)


async def _up(reader: asyncio.StreamReader, remote: Socket) -> None:
    try:
        while data := await reader.read(_CHUNK):
            await remote.send(bytes([_DATA]) + data)
        await remote.send(bytes([_DATA]))
    except ConnectionError:
        await remote.close()  # who had connected broke it off
    except Lost:
        return  # the other way tells


async def _down(remote: Socket, writer: asyncio.StreamWriter) -> str:
    begun: set[int] = set()
    said = b""
    while (message := await remote.receive()) is not None:
        channel, data = message[0] if message else -1, message[1:]
        if channel not in begun:
            begun.add(channel)  # the first message of each says its port
        elif channel == _ERROR:
            said += data
        elif channel == _DATA:
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                break  # who had connected is gone
    await _flushed(writer)
    await remote.close()
    return said.decode(errors="replace").strip()


async def _flushed(writer: asyncio.StreamWriter) -> None:
    """What was written is taken, however slowly."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    held = socket.create_server((address, port), family=family, backlog=_BACKLOG)
    held.setblocking(False)
    return held
