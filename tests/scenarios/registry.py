"""A registry of a test's own on the loopback: just enough of its API for an engine to pull one image.

Engines take registries on 127.0.0.0/8 without TLS. The image is a local one with a layer more, so that it is
another; its last layer comes slowly until the test lets it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import secrets
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker

USER, PASSWORD = "somebody", "sesame"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_PIECE = 1024
_SLOW_LAYER = 1024 * 1024
_BETWEEN_PIECES = 0.1  # a hundred seconds in all: longer than a test waits to see how far a pull is


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _layer_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _saved(engine: docker.DockerClient, image: str) -> tuple[dict[str, Any], list[bytes]]:
    """An image's config and its layers."""
    saved = io.BytesIO(b"".join(engine.api.get_image(image)))
    with tarfile.open(fileobj=saved) as tar:

        def read(path: str) -> bytes:
            found = tar.extractfile(path)
            assert found is not None
            return found.read()

        (manifest,) = json.loads(read("manifest.json"))
        return json.loads(read(manifest["Config"])), [read(layer) for layer in manifest["Layers"]]


class Registry:
    """What it has: blobs by digest, one manifest for any name and tag."""

    def __init__(self, engine: docker.DockerClient, image: str) -> None:
        config, layers = _saved(engine, image)
        layers.append(_layer_of("slow", secrets.token_bytes(_SLOW_LAYER)))
        config["rootfs"]["diff_ids"] = [_digest(layer) for layer in layers]
        config.pop("history", None)
        packed = [gzip.compress(layer, 1) for layer in layers]
        self.slow = _digest(packed[-1])
        self.may_hurry = threading.Event()
        self.blobs = {_digest(blob): blob for blob in (json.dumps(config).encode(), *packed)}
        described = [
            {"mediaType": _CONFIG if not number else _LAYER, "size": len(blob), "digest": digest}
            for number, (digest, blob) in enumerate(self.blobs.items())
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": described[0],
            "layers": described[1:],
        }
        self.manifest = json.dumps(manifest).encode()


class _Handler(BaseHTTPRequestHandler):
    """One connection of an engine."""

    protocol_version = "HTTP/1.1"
    registry: Registry

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Basic {_basic()}":
            self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}')
        elif "/manifests/" in self.path:
            self._answer(200, self.registry.manifest, _MANIFEST)
        elif (blob := self.registry.blobs.get(self.path.rpartition("/")[2])) is not None:
            self._answer(200, blob, "application/octet-stream")
        else:
            self._answer(200 if self.path == "/v2/" else 404, b"{}")

    def _answer(self, code: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", _digest(body))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="tests"')
        self.end_headers()
        if self.command == "HEAD":
            return
        is_slow = _digest(body) == self.registry.slow
        for start in range(0, len(body), _PIECE):
            if is_slow:
                self.registry.may_hurry.wait(_BETWEEN_PIECES)
            self.wfile.write(body[start : start + _PIECE])

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def _basic() -> str:
    return base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def serving(registry: Registry) -> Iterator[str]:
    """Until the end of the block; yields its address, `127.0.0.1:<port>`."""

    class Handler(_Handler):
        pass

    Handler.registry = registry
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            registry.may_hurry.set()
            server.shutdown()
            thread.join(5)
