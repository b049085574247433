"""Programs of pods, for forwarding to: each listens on this machine's loopback, in threads of its own."""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
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
