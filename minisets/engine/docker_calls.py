"""A connection to a Docker Engine: made, used for what the SDK does not do, and released.

Leaves each call to `docker.py` and `docker_resources.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from minisets.clock import SystemClock
from minisets.engine.docker_address import Address, find
from minisets.engine.docker_connect import connect
from minisets.engine.docker_errors import checked
from minisets.engine.docker_streams import Wire
from minisets.engine.gate import ExecGate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import APIClient

CALL_TIMEOUT = timedelta(seconds=60)


class DockerCalls:
    """One engine."""

    def __init__(self, client: APIClient, address: Address) -> None:
        self._client = client
        self._raw: Any = client  # for the calls that the SDK leaves untyped
        self.address = address
        self.execs = ExecGate(SystemClock())

    @classmethod
    def connect(cls, host: str | None = None, *, timeout: timedelta = CALL_TIMEOUT) -> Self:
        """The engine that the docker command would talk to, or the one at `host`.

        Raises EngineUnavailable, with what to do, where none can be worked with.
        """
        address = find(host)
        return cls(connect(address, timeout), address)

    def close(self) -> None:
        """Release the connections that wait for the next call; streams are closed by who opened them."""
        self._client.close()

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        upgraded: bool = False,
    ) -> Wire:
        """Begin a call whose answer is read as it comes; upgraded: the connection is to go both ways."""
        upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"} if upgraded else {}
        response = checked(
            self._client.request(
                method,
                self._url(path),
                params=query,
                json=body,
                headers={**(headers or {}), **upgrade},
                stream=True,
                timeout=self._client.timeout,
            )
        )
        return Wire(response, upgraded=upgraded)

    def _url(self, path: str) -> str:
        return f"{self._client.base_url}/v{self._client.api_version}/{path}"
