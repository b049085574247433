"""An HTTP server whose answers stand in the path that is asked for: `/302?to=/200&say=Found`."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class Server(ThreadingHTTPServer):
    """What it was asked: paths, and headers as they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.headers: list[list[tuple[str, str]]] = []
        self.over = threading.Event()

    @classmethod
    @contextmanager
    def running(cls, tls: ssl.SSLContext | None = None) -> Iterator[Self]:
        with cls() as server:
            if tls is not None:
                server.socket = tls.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield server
            finally:
                server.over.set()
                server.shutdown()
                thread.join()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_args: Any) -> None:
        """A client that went away, or spoke something else, is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.paths.append(self.path)
        self.server.headers.append(list(self.headers.items()))
        if "hang" in asked:
            self.server.over.wait(30)
        body = asked.get("say", "").encode() * int(asked.get("times", "1"))
        code = parts.path.strip("/")
        self.send_response(int(code) if code.isdecimal() else 200)
        if "to" in asked:
            self.send_header("Location", self.path if asked["to"] == "itself" else asked["to"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """The tests look at what it was asked."""
