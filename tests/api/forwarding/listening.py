"""Programs of pods, for forwarding to: each listens on this machine's loopback, in threads of its own."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def listening(program: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """The port at which the program answers each connection."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            program(self.request)

    with _Server((host, 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def unanswering() -> Iterator[int]:
    """A port at which a connection neither comes about nor is refused: too many wait there already."""
    with ExitStack() as held:
        full = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def echo(connection: socket.socket) -> None:
    """Send back what comes, until its end."""
    while data := connection.recv(65536):
        connection.sendall(data)


def count(connection: socket.socket) -> None:
    """Take everything in, then say how much it was."""
    connection.sendall(str(len(everything(connection))).encode())


def everything(connection: socket.socket) -> bytes:
    """What comes until the end."""
    return b"".join(iter(lambda: connection.recv(65536), b""))
