"""HTTP on a Unix socket, as an engine speaks it: for tests' own engines, false or scripted."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """One connection; tests say in `answered` what it is answered."""

    protocol_version = "HTTP/1.1"

    def answered(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.answered()

    def do_POST(self) -> None:
        self.answered()

    def do_PUT(self) -> None:
        self.answered()

    def do_DELETE(self) -> None:
        self.answered()

    def send_json(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""

    def address_string(self) -> str:
        """Why: the peer of a Unix socket has no address, on which the base class would stumble."""
        return "local"


@contextmanager
def listening(socket: Path, handler: type[Handler]) -> Iterator[None]:
    """Until the end of the block; every connection has ended by then."""
    with socketserver.ThreadingUnixStreamServer(str(socket), handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(5)
