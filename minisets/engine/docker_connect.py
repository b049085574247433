"""A client of a Docker Engine that can be worked with, or one line that says why there is none.

Leaves which engine is meant to `docker_address.py`, and every call to `docker.py`.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from docker import APIClient
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool
from docker.utils import kwargs_from_env

from minisets.engine.docker_errors import reason_of, translated
from minisets.errors import EngineError, EngineTimeout, EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from minisets.engine.docker_address import Address

OLDEST_API = (1, 41)
# Why a cap: an engine may be newer than what we have read about, and speaks the older form when asked to.
NEWEST_API = (1, 51)
_UNKNOWN = (0, 0)
_CONNECTIONS_KEPT = 64


def connect(address: Address, timeout: timedelta) -> APIClient:
    """A client that speaks a version both sides know; `timeout` bounds every call that is no stream.

    Raises EngineUnavailable: nobody answers there, no permission, not local, or too old.
    """
    if not address.is_local:
        raise EngineUnavailable(
            f"the Docker Engine at {address} is not on this machine, and minisets works only with a "
            "local one so far: unset DOCKER_HOST, or choose a local context with `docker context use default`"
        )
    _knock(address)
    with_first_version = _client(address, OLDEST_API, timeout)
    try:
        with translated(f"the engine at {address}"):
            said: object = with_first_version.version(api_version=False)
    except EngineTimeout:
        raise
    except EngineError as error:
        raise EngineUnavailable(f"what answers at {address} is no Docker Engine: {error}") from error
    finally:
        with_first_version.close()
    if not isinstance(said, dict) or _version(said.get("ApiVersion")) == _UNKNOWN:
        raise EngineUnavailable(f"what answers at {address} is no Docker Engine: it tells no API version")
    return _client(address, negotiated(said, address), timeout)


def negotiated(said: Mapping[str, object], address: Address) -> tuple[int, int]:
    """The API version to speak, from what the engine says of itself."""
    newest, oldest = _version(said.get("ApiVersion")), _version(said.get("MinAPIVersion"))
    if newest < OLDEST_API:
        raise EngineUnavailable(
            f"the Docker Engine {said.get('Version', '')} at {address} speaks API {said.get('ApiVersion')}: "
            "minisets needs 1.41 or newer (Docker Engine 20.10, of December 2020); upgrade it"
        )
    return max(min(newest, NEWEST_API), oldest)


def _version(text: object) -> tuple[int, int]:
    """`1.41` as numbers; `_UNKNOWN` for anything else."""
    major, _, minor = str(text or "").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else _UNKNOWN


def _knock(address: Address) -> None:
    """Why: through the SDK, a missing socket and a forbidden one read alike."""
    if address.socket is None:
        return
    with socket.socket(socket.AF_UNIX) as knock:
        try:
            knock.connect(str(address.socket))
        except PermissionError as error:
            raise EngineUnavailable(
                f"permission denied at {address}: add yourself to the group docker "
                "(`sudo usermod -aG docker $USER`, then log in again), or run a rootless Docker"
            ) from error
        except OSError as error:
            raise EngineUnavailable(
                f"no Docker Engine answers at {address}: {reason_of(error)}; start it, or point "
                "DOCKER_HOST or a context (`docker context use NAME`) at one that runs"
            ) from error


def _client(address: Address, version: tuple[int, int], timeout: timedelta) -> APIClient:
    seconds = int(timeout.total_seconds())
    secured = kwargs_from_env().get("tls") if address.socket is None else None
    with translated(f"the engine at {address}"):
        client = APIClient(
            base_url=address.url,
            version=f"{version[0]}.{version[1]}",
            timeout=seconds,
            tls=secured or False,
            max_pool_size=_CONNECTIONS_KEPT,
        )
    # Why: else every call reads ~/.netrc and the proxies' variables, which no local engine wants.
    client.trust_env = False
    if address.socket is not None:
        client.mount("http+docker://", _Adapter(f"http+unix://{address.socket}", seconds))
    return client


class _Connection(UnixHTTPConnection):
    """Why: the SDK's leaves a socket open for each connection that is refused."""

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self.unix_socket)
        except BaseException:
            sock.close()
            raise
        self.sock = sock


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> Any:
        seconds: Any = self.timeout
        return _Connection(self.base_url, self.socket_path, seconds)


class _Adapter(UnixHTTPAdapter):
    """One pool for the one socket; beyond its size connections are made and dropped, never waited for."""

    def __init__(self, url: str, seconds: int) -> None:
        super().__init__(url, seconds, max_pool_size=_CONNECTIONS_KEPT)
        self._pool = _Pool(url, self.socket_path, seconds, maxsize=_CONNECTIONS_KEPT)

    def get_connection(self, url: object, proxies: object = None) -> UnixHTTPConnectionPool:
        del url, proxies
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()
