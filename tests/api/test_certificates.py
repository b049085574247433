"""Client certificates: who is let in by one, who not, and for how long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import HTTPError, SSLError

from minisets.api.app import ApiServer, Backend
from minisets.api.auth import AUTHENTICATED, Gate, of_certificate
from minisets.clock import FakeClock
from minisets.cluster import credentials
from minisets.cluster.credentials import Credentials
from minisets.errors import Unauthorized
from minisets.settings import Settings
from tests.api.serving import CONFIGMAPS, PODS, Client, Json, Running, configmap

Shown = tuple[Path, Path]
Show = Callable[..., Shown]
REAL = datetime.now(UTC)
BEGUN, ENDED = "Jan  1 00:00:00 2026 GMT", "Jan  1 00:00:00 2027 GMT"
WITHIN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def show(keys: Credentials, tmp_path: Path) -> Show:
    """The files of a certificate of the server's own authority, or of another's."""

    def made(user: str = "jane", *groups: str, of: Path | None = None, now: datetime = REAL) -> Shown:
        held = credentials.kept(of or keys.certificate.parent)
        issued = credentials.issue_client(held, user, groups, now)
        files = tmp_path / "client.crt", tmp_path / "client.key"
        files[0].write_text(issued.certificate)
        files[1].write_text(issued.key)
        return files

    return made


@contextmanager
def showing(running: Running, shown: Shown | None, token: str | None = None) -> Iterator[Callable[..., int]]:
    """Asks for a path with what is shown; the code of the answer, or 0 where the connection failed."""
    client = Client(running.server.port, running.credentials, shown)

    def ask(path: str = PODS, method: str = "GET", body: Any = None, headers: Json | None = None) -> int:
        try:
            return client.ask(method, path, body, headers, token=token).code
        except (SSLError, HTTPError, ConnectionError):
            return 0

    try:
        yield ask
    finally:
        client.close()


def test_a_certificate_of_the_clusters_authority_lets_in_without_a_token(
    running: Running, show: Show
) -> None:
    with showing(running, show("jane", "system:masters")) as ask:
        assert ask() == 200
        assert ask(CONFIGMAPS, "POST", configmap("a")) == 201
        assert ask("/version") == 200
    with showing(running, None) as ask:
        assert (ask(), ask("/version")) == (401, 200)


def test_a_certificate_counts_where_the_token_is_wrong(running: Running, show: Show) -> None:
    """Kubernetes: one way in that is good is enough."""
    with showing(running, show(), token="wrong") as ask:  # noqa: S106 - it is none
        assert ask() == 200


def test_a_certificate_of_another_authority_fails_the_handshake(
    running: Running, show: Show, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    credentials.ensure(foreign, (), REAL)
    for token in (None, ""):
        with showing(running, show(of=foreign), token=token) as ask:
            assert ask() == 0


def test_a_certificate_that_has_ended_or_not_begun_lets_nobody_in(running: Running, show: Show) -> None:
    for days in (-400, 2):
        shown = show(now=REAL + timedelta(days=days))
        with showing(running, shown) as ask:
            assert (ask(), ask("/version")) == (401, 200)
        with showing(running, shown, token="") as ask:
            assert ask() == 200


def test_the_servers_own_certificate_lets_nobody_in(running: Running) -> None:
    """It is of the same authority, and not made for clients."""
    own = running.credentials
    with showing(running, (own.certificate, own.key)) as ask:
        assert ask() == 0


def test_a_certificate_without_a_user_is_none() -> None:
    told = {"subject": ((("organizationName", "g"),),), "notBefore": BEGUN, "notAfter": ENDED}
    assert of_certificate((told, b""), WITHIN) is None
    told["subject"] = ((("commonName", ""),),)
    assert of_certificate((told, b""), WITHIN) is None


def test_its_cn_is_the_user_and_each_o_a_group(keys: Credentials) -> None:
    told = {
        "subject": (
            (("organizationName", "b"),),
            (("organizationName", "a"), ("commonName", "first")),
            (("commonName", "jane"),),
            (("organizationalUnitName", "no"),),
        ),
        "notBefore": BEGUN,
        "notAfter": ENDED,
    }
    found = of_certificate((told, b"der"), WITHIN)
    assert found is not None
    assert (found.name, found.groups) == ("jane", ("b", "a", AUTHENTICATED))
    ((key, (value,)),) = found.extra
    assert key == "authentication.kubernetes.io/credential-id"
    assert value.startswith("X509SHA256=")
    admitted = Gate(keys.token, ()).admit(f"Bearer {keys.token}", (told, b"der"), {}, WITHIN)
    assert (admitted.identity, admitted.digest) == (found, b"")


@pytest.mark.parametrize("now", [datetime(2025, 12, 31, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)])
def test_a_certificate_out_of_its_time_is_none(now: datetime) -> None:
    told = {"subject": ((("commonName", "jane"),),), "notBefore": BEGUN, "notAfter": ENDED}
    assert of_certificate((told, b""), WITHIN) is not None
    with pytest.raises(Unauthorized):
        Gate("t", ()).admit("", (told, b""), {}, now)


def test_a_connection_that_outlives_its_certificate_is_let_in_no_longer(running: Running, show: Show) -> None:
    clock = FakeClock(REAL)
    backend = Backend(running.store, running.registry, running.engine, clock)
    server = ApiServer(backend, Settings(), running.credentials).start()
    client = Client(server.port, running.credentials, show())
    try:
        assert client.ask("GET", PODS, token=None).code == 200
        clock.advance(timedelta(days=366))
        assert client.ask("GET", PODS, token=None).code == 401
        assert client.dialled == 1
    finally:
        client.close()
        server.stop()
