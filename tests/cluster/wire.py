"""What stands in for an engine and for a control plane, on sockets."""

from __future__ import annotations

import json
import re
import socketserver
import ssl
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PKI = "/var/lib/minisets/pki"


class Answers(Protocol):
    """An engine: what it answers to a call."""

    def answer(self, method: str, path: str, query: dict[str, str], data: bytes) -> tuple[int, bytes]:
        """Status and body."""


class WayIn:
    """An HTTPS server that tells at `/version` which minisets it is, and nothing else."""

    def __init__(self, port: int, files: Mapping[str, bytes], content: str, *, status: int = 200) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _send(self, status, json.dumps({"gitCommit": content}).encode())

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        context = _secured(files)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self._server.daemon_threads = False
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()


def _secured(files: Mapping[str, bytes]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("server.crt", "server.key"):
            (Path(folder) / name).write_bytes(files[f"{PKI}/{name}"])
        context.load_cert_chain(Path(folder) / "server.crt", Path(folder) / "server.key")
    return context


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def listening(engine: Answers, socket: Path) -> Iterator[None]:
    """The engine at that socket, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answered(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = re.sub(r"^/v1\.\d+", "", parts.path)
            _send(self, *engine.answer(self.command, path, query, data))

        def do_GET(self) -> None:
            self.answered()

        def do_POST(self) -> None:
            self.answered()

        def do_PUT(self) -> None:
            self.answered()

        def do_DELETE(self) -> None:
            self.answered()

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

        def address_string(self) -> str:
            return "local"

    with socketserver.ThreadingUnixStreamServer(str(socket), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(5)
