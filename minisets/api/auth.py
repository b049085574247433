"""Who may speak to this server: the bearer of the token, at a name that is ours.

Decided before a request is routed, so that nothing but four paths tells a stranger anything.
Leaves making the token and the server's names to `cluster/credentials.py`.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from minisets.errors import Forbidden, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Iterable

ALWAYS_OURS = ("127.0.0.1", "localhost", "::1")


class Gate:
    """Checks the Host and Authorization headers of every request."""

    def __init__(self, token: str, hosts: Iterable[str]) -> None:
        self._token = token.encode()
        self._hosts = frozenset(host.lower() for host in (*ALWAYS_OURS, *hosts))

    def check_host(self, header: str) -> None:
        """Forbidden unless the request was made to one of our names, on any port.

        Why: a web page can make its own name point at 127.0.0.1 (DNS rebinding) and then read answers.
        """
        if _host_of(header) not in self._hosts:
            raise Forbidden(f"the Host {header[:100]!r} is not one of this server's names: use 127.0.0.1")

    def check_token(self, header: str) -> None:
        """Unauthorized unless the header is `Bearer <our token>`."""
        scheme, _, token = header.partition(" ")
        given = token.strip().encode("utf-8", "surrogateescape")
        # Why: an empty token must not open a server whose own token could not be read.
        if scheme.lower() != "bearer" or not self._token or not hmac.compare_digest(given, self._token):
            raise Unauthorized("Unauthorized")


def _host_of(header: str) -> str:
    """The name in a Host header, lower case, without port and brackets."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
