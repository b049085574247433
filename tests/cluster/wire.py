"""What stands in for an engine and for a control plane, on sockets."""

from __future__ import annotations

import json
import re
import ssl
import tempfile
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit

from tests import unix_http

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
        class Answer(unix_http.Handler):
            protocol_version = "HTTP/1.0"  # Why: a client that stays would hold up the end

            def answered(self) -> None:
                self.send_json(status, json.dumps({"gitCommit": content}).encode())

        context = _secured(files)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
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


@contextmanager
def listening(engine: Answers, socket: Path) -> Iterator[None]:
    """The engine at that socket, until the end of the block."""

    class Answer(unix_http.Handler):
        def answered(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = re.sub(r"^/v1\.\d+", "", parts.path)
            self.send_json(*engine.answer(self.command, path, query, data))

    with unix_http.listening(socket, Answer):
        yield
