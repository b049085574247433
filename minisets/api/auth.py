"""Who may speak to this server: the bearer of a token or a certificate of ours, at a name that is ours.

Decided before a request is routed, so that nothing but four paths tells a stranger anything. There is no
RBAC: who is let in may do everything. Leaves making keys and the server's names to `cluster/credentials.py`,
which named tokens there are to `tokens.py`, who somebody acts as to `impersonation.py`.
"""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from minisets.errors import Forbidden, Unauthorized
from minisets.objects.tokens import ADMIN, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

ALWAYS_OURS = ("127.0.0.1", "localhost", "::1")
MASTERS, AUTHENTICATED, UNAUTHENTICATED = "system:masters", "system:authenticated", "system:unauthenticated"
ANONYMOUS = "system:anonymous"
CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"

Extra = tuple[tuple[str, tuple[str, ...]], ...]
Certificate = tuple["Mapping[str, Any]", bytes]
"""What a client showed, and TLS has verified: as the ssl module tells it, and as it came (DER)."""


@dataclass(frozen=True)
class Identity:
    """Who asks. Kubernetes: apiserver pkg/authentication/user `Info`."""

    name: str
    groups: tuple[str, ...]
    uid: str = ""
    extra: Extra = ()


IDENTITY = web.RequestKey("identity", Identity)
"""Where a request that was admitted has who asks; one to an open path has `NOBODY`."""

NOBODY = Identity(ANONYMOUS, (UNAUTHENTICATED,))


@dataclass(frozen=True)
class Admitted:
    """Who came in, and the digest of the token that let them in, if it was one."""

    identity: Identity
    digest: bytes = b""


class Gate:
    """Checks the Host of every request, and what it brings to be let in."""

    def __init__(self, token: str, hosts: Iterable[str]) -> None:
        # Why None: an empty token must not open a server whose own token could not be read.
        self._own = digest_of(token.encode()) if token else None
        self._hosts = frozenset(host.lower() for host in (*ALWAYS_OURS, *hosts))

    def check_host(self, header: str) -> None:
        """Forbidden unless the request was made to one of our names, on any port.

        Why: a web page can make its own name point at 127.0.0.1 (DNS rebinding) and then read answers.
        """
        if _host_of(header) not in self._hosts:
            raise Forbidden(f"the Host {header[:100]!r} is not one of this server's names: use 127.0.0.1")

    def admit(
        self, header: str, certificate: Certificate | None, named: Mapping[str, bytes], now: datetime
    ) -> Admitted:
        """Who asks; Unauthorized unless they show a good certificate, or `Bearer <token>` with one of ours.

        named: the digests of the named tokens. Kubernetes: the certificate counts first.
        """
        if certificate is not None and (identity := of_certificate(certificate, now)) is not None:
            return Admitted(identity)
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("Unauthorized")
        given = digest_of(token.strip().encode("utf-8", "surrogateescape"))
        if (identity := self._whose(given, named)) is None:
            raise Unauthorized("Unauthorized")
        return Admitted(identity, given)

    def identify(self, token: str, named: Mapping[str, bytes]) -> Identity | None:
        """Whose token it is, if it is one of ours."""
        return self._whose(digest_of(token.encode("utf-8", "surrogateescape")), named)

    def holds(self, digest: bytes, named: Mapping[str, bytes]) -> bool:
        """Whether a token that let somebody in still does."""
        return self._bearer(digest, named) is not None

    def _whose(self, given: bytes, named: Mapping[str, bytes]) -> Identity | None:
        name = self._bearer(given, named)
        return Identity(name, (MASTERS, AUTHENTICATED)) if name is not None else None

    def _bearer(self, given: bytes, named: Mapping[str, bytes]) -> str | None:
        """Whose token it is.

        Why no early end: which token it was, or how much of one, shows in no time that this takes.
        """
        found = None
        for name, digest in ((ADMIN, self._own), *named.items()):
            if digest is not None and hmac.compare_digest(given, digest):
                found = name
        return found


def of_certificate(certificate: Certificate, now: datetime) -> Identity | None:
    """Whom a verified certificate names, while it is valid: CN is the user, each O a group.

    Why asked at each request: a connection may outlive the certificate that opened it.
    Kubernetes: apiserver pkg/authentication/request/x509 `CommonNameUserConversion`.
    """
    told, der = certificate
    subject = [pair for names in told.get("subject", ()) for pair in names]
    users = [value for key, value in subject if key == "commonName"]
    if not users or not users[-1]:
        return None
    begins, ends = (ssl.cert_time_to_seconds(told[field]) for field in ("notBefore", "notAfter"))
    if not begins <= now.timestamp() <= ends:
        return None
    groups = tuple(value for key, value in subject if key == "organizationName")
    extra = ((CREDENTIAL_ID, (f"X509SHA256={digest_of(der).hex()}",)),)
    return Identity(users[-1], all_groups(users[-1], groups), extra=extra)


def all_groups(name: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """With the one that says that somebody is authenticated, or that they are not."""
    if {AUTHENTICATED, UNAUTHENTICATED} & set(given):
        return given
    return (*given, UNAUTHENTICATED if name == ANONYMOUS else AUTHENTICATED)


def certificate_of(request: web.BaseRequest) -> Certificate | None:
    """What the client showed on this connection, verified; None where it showed nothing."""
    connection = request.get_extra_info("ssl_object")
    told = connection.getpeercert() if connection is not None else None
    return (told, connection.getpeercert(binary_form=True) or b"") if told else None


def _host_of(header: str) -> str:
    """The name in a Host header, lower case, without port and brackets."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
