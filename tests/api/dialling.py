"""A client of `exec` and `attach` over WebSockets, message by message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.api.serving import PODS

if TYPE_CHECKING:
    from tests.api.serving import Client, Json

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
STDIN_CLOSED = b"\xff\x00"
Dial = Callable[..., ClientConnection]


def dialled(client: Client, path: str, protocols: tuple[str, ...] = (V5,)) -> ClientConnection:
    """Below `pods/`."""
    return connect(
        f"wss://127.0.0.1:{client.port}{PODS}/{path}",
        ssl=client.context,
        additional_headers={"Authorization": f"Bearer {client.token}"},
        subprotocols=[Subprotocol(protocol) for protocol in protocols] or None,
        max_size=None,
        close_timeout=2,
    )


def exec_path(pod: str, *command: str, options: str = "stdout=true&stderr=true") -> str:
    query = "&".join(f"command={quote(word)}" for word in command)
    return f"{pod}/exec?{query}&{options}"


def messages(connection: ClientConnection) -> tuple[dict[int, bytes], int | None]:
    """What came on each channel, and how the connection was closed."""
    channels: dict[int, list[bytes]] = {}
    try:
        while True:
            channel, data = next_of(connection)
            channels.setdefault(channel, []).append(data)
    except ConnectionClosed as closed:
        whole = {channel: b"".join(parts) for channel, parts in channels.items()}
        return whole, closed.rcvd.code if closed.rcvd else None


def heard(connection: ClientConnection) -> tuple[dict[int, bytes], Json, int | None]:
    """What came on each channel, the Status, and how the connection was closed."""
    channels, code = messages(connection)
    return channels, json.loads(channels.pop(3)), code


def next_of(connection: ClientConnection) -> tuple[int, bytes]:
    """The next message's channel and data."""
    message = connection.recv(timeout=10)
    assert isinstance(message, bytes)
    return message[0], message[1:]
