"""Which engine is meant: DOCKER_HOST, then the Docker context, then the platform's default socket.

As the docker command decides it, without starting it. Leaves connecting to `docker_connect.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from minisets.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_URL = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Address:
    """An engine's URL, and who said so: for messages."""

    url: str
    said_by: str

    def __str__(self) -> str:
        return f"{self.url} ({self.said_by})"

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine, as far as its address tells."""
        parts = urlsplit(self.url)
        if parts.scheme in ("unix", "npipe"):
            return True
        if parts.scheme not in ("tcp", "http", "https"):
            return False
        host = parts.hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def socket(self) -> Path | None:
        """The socket's path, or None where it is not a Unix socket."""
        scheme, _, path = self.url.partition("://")
        return Path(path) if scheme == "unix" else None


def find(host: str | None = None, environ: Mapping[str, str] = os.environ) -> Address:
    """The engine to talk to; `host` is what a person asked for in so many words.

    Raises EngineUnavailable where a context is named that does not exist.
    """
    if host:
        return Address(host, "as asked")
    if url := environ.get("DOCKER_HOST"):
        return Address(url, "from DOCKER_HOST")
    folder = _config_folder(environ)
    context = environ.get("DOCKER_CONTEXT") or _json(folder / "config.json").get("currentContext")
    if context and context != "default":
        return Address(_host_of(str(context), folder), f"from the Docker context {context!r}")
    return Address(DEFAULT_URL, "the default")


def _config_folder(environ: Mapping[str, str]) -> Path:
    if folder := environ.get("DOCKER_CONFIG"):
        return Path(folder)
    return Path(environ.get("HOME") or Path.home()) / ".docker"


def _host_of(context: str, folder: Path) -> str:
    name = hashlib.sha256(context.encode()).hexdigest()
    endpoints = _json(folder / "contexts" / "meta" / name / "meta.json").get("Endpoints") or {}
    host = (endpoints.get("docker") or {}).get("Host")
    if not host:
        raise EngineUnavailable(
            f"the Docker context {context!r} does not exist in {folder}: "
            "`docker context ls` lists those that do, `docker context use NAME` chooses one"
        )
    return str(host)


def _json(file: Path) -> dict[str, Any]:
    """A JSON object in a file; empty if there is none or it cannot be read, as for the docker command."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
