"""Named tokens: they open the server from the answer to their making until the answer to their end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest
from urllib3.exceptions import ProtocolError, SSLError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from minisets.api.auth import AUTHENTICATED, MASTERS, Gate, Identity
from minisets.api.spdy import frames
from minisets.api.tokens import Tokens
from minisets.engine.memory_containers import HUNG_UP
from minisets.errors import Unauthorized
from minisets.objects.metadata import ref_of
from minisets.objects.tokens import ADMIN, digest_of, ref_of_token, secret_for
from minisets.store.memory import MemoryStore
from tests.api.serving import CONFIGMAPS, PODS, Client, Json, Running, Watch, configmap, run_pod, set_status
from tests.api.spdy.clients import Raw, SpdyClient
from tests.waiting import holds, until

SECRETS = "/api/v1/namespaces/kube-system/secrets"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
T = "t"
V5 = Subprotocol("v5.channel.k8s.io")


@pytest.fixture(autouse=True)
def system(running: Running) -> None:
    running.registry.create("Namespace", "", {"metadata": {"name": "kube-system"}})


@pytest.fixture
def named(running: Running) -> Iterator[Callable[[str], Client]]:
    """A client of its own for a name, with the token `NAME-token`."""
    opened: list[Client] = []

    def open_(name: str) -> Client:
        assert running.client.ask("POST", SECRETS, secret_for(name, f"{name}-token")).code == 201
        opened.append(Client(running.server.port, running.credentials))
        opened[-1].token = f"{name}-token"
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def revoke(client: Client, name: str) -> None:
    assert client.ask("DELETE", f"{SECRETS}/token-{name}").code == 200


def test_a_token_counts_as_soon_as_its_making_is_answered_and_no_longer_than_its_end(
    client: Client, named: Callable[[str], Client]
) -> None:
    for _ in range(30):
        other = named("ci")
        assert other.ask("GET", PODS).code == 200
        revoke(client, "ci")
        assert other.ask("GET", PODS).code == 401


def test_each_token_is_revoked_for_itself(client: Client, named: Callable[[str], Client]) -> None:
    one, other = named("one"), named("other")
    revoke(client, "one")
    assert (one.ask("GET", PODS).code, other.ask("GET", PODS).code) == (401, 200)
    assert other.ask("POST", CONFIGMAPS, configmap("a")).code == 201


def test_who_revokes_their_own_token_is_answered(named: Callable[[str], Client]) -> None:
    other = named("ci")
    for _ in range(2):
        named("more")
        revoke(other, "more")
    answered = other.ask("DELETE", f"{SECRETS}/token-ci")
    assert (answered.code, answered.json["status"]) == (200, "Success")
    assert other.ask("GET", PODS).code == 401


def test_the_kubeconfigs_own_token_stays_when_every_secret_goes(client: Client) -> None:
    assert client.ask("POST", SECRETS, secret_for(ADMIN, client.token)).code == 201
    assert client.ask("DELETE", SECRETS).code == 200
    assert client.ask("GET", PODS).code == 200


@pytest.mark.parametrize("change", [
    {"type": "Opaque"},
    {"metadata": {"name": "ci"}},
    {"data": {"sha256": "AAAA"}},
    {"data": {}},
    {"metadata": {"name": "token-minisets-admin"}},
])  # fmt: skip
def test_other_secrets_open_nothing(client: Client, change: Json) -> None:
    assert client.ask("POST", SECRETS, {**secret_for("ci", "t"), **change}).code == 201
    assert client.ask("GET", PODS, token=T).code == 401


def test_a_secret_of_that_kind_in_another_namespace_opens_nothing(client: Client) -> None:
    made = {**secret_for("ci", "t"), "metadata": {"name": "token-ci"}}
    assert client.ask("POST", "/api/v1/namespaces/default/secrets", made).code == 201
    assert client.ask("GET", PODS, token=T).code == 401


def test_a_secret_that_is_kept_by_a_finalizer_lets_nobody_in_once_it_is_deleted(client: Client) -> None:
    made = secret_for("ci", "t")
    made["metadata"]["finalizers"] = ["example.com/keep"]
    assert client.ask("POST", SECRETS, made).code == 201
    assert client.ask("GET", PODS, token=T).code == 200
    client.ask("DELETE", f"{SECRETS}/token-ci")
    assert client.ask("GET", f"{SECRETS}/token-ci").code == 200
    assert client.ask("GET", PODS, token=T).code == 401


def test_the_hash_itself_opens_nothing(client: Client) -> None:
    made = secret_for("ci", "t")
    assert client.ask("POST", SECRETS, made).code == 201
    for told in (made["data"]["sha256"], digest_of(b"t").hex()):
        assert client.ask("GET", PODS, token=told).code == 401


# --- what is open ---


def test_a_revoked_tokens_watch_ends_and_others_go_on(client: Client, named: Callable[[str], Client]) -> None:
    path = f"{CONFIGMAPS}?watch=true"
    ending, staying = Watch(named("one"), path), Watch(named("other"), path)
    own = Watch(client, path)
    client.create(CONFIGMAPS, configmap("a"))
    assert {one.told() for one in (ending, staying, own)} == {("ADDED", "a")}
    revoke(client, "one")
    assert until(lambda: is_cut(ending), "the watch to end")
    client.create(CONFIGMAPS, configmap("b"))
    assert {one.told() for one in (staying, own)} == {("ADDED", "b")}
    for one in (ending, staying, own):
        one.close()


def is_cut(watch: Watch) -> bool:
    """Fails where nothing comes at all: that is a TimeoutError."""
    try:
        return not watch.response.read1(65536)
    except (ProtocolError, SSLError, ConnectionError):
        return True


def test_a_revoked_tokens_log_ends(running: Running, named: Callable[[str], Client]) -> None:
    running.engine.behave("web-0-*", output=(("stdout", b"hello\n"),))
    run_pod(running, "web-0")
    followed = Watch(named("one"), f"{PODS}/web-0/log?follow=true")
    assert followed.response.read1(65536) == b"hello\n"
    revoke(running.client, "one")
    assert until(lambda: is_cut(followed), "the log to end")
    followed.close()


@contextmanager
def executing(running: Running, token: str) -> Iterator[ClientConnection]:
    with connect(
        f"wss://127.0.0.1:{running.server.port}{PODS}/web-0/exec?command=cat&stdin=true&stdout=true",
        ssl=running.client.context,
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[V5],
    ) as connection:
        yield connection


def test_a_revoked_tokens_exec_ends_and_with_it_the_command(
    running: Running, named: Callable[[str], Client]
) -> None:
    run_pod(running, "web-0")
    with ExitStack() as stack:
        ending = stack.enter_context(executing(running, named("one").token))
        staying = stack.enter_context(executing(running, running.client.token))
        revoke(running.client, "one")
        with pytest.raises(ConnectionClosed):
            ending.recv(timeout=10)
        until(lambda: ended_commands(running) == [HUNG_UP, None], "the command to end")
        holds(lambda: staying.state.name == "OPEN", "the other goes on")
        assert ended_commands(running) == [HUNG_UP, None]


def test_what_a_revoked_token_forwards_ends(running: Running, named: Callable[[str], Client]) -> None:
    """And it was HTTP once: its connection is dropped like any other."""
    run_pod(running, "web-0")
    set_status(running, "web-0", {"podIP": "127.0.0.1"})
    path, protocol = f"{PODS}/web-0/portforward", "portforward.k8s.io"
    ending = Raw(running, path, protocol, token=named("one").token)
    staying = SpdyClient(Raw(running, path, protocol))
    revoke(running.client, "one")
    assert ending.is_cut()
    staying.send(frames.ping(1))
    staying.until_heard(frames.Ping(1))
    ending.close()
    staying.close()


def ended_commands(running: Running) -> list[int | None]:
    """Their exit codes, the first one's first."""
    return [command.exit_code for command in running.engine._commands.values()]


def test_a_body_that_is_still_coming_is_not_acted_upon(
    running: Running, named: Callable[[str], Client]
) -> None:
    other = named("one")

    def body() -> Iterator[bytes]:
        yield b'{"metadata": {"name": "late"}'
        revoke(running.client, "one")
        yield b"}"

    try:
        code = other.ask("POST", CONFIGMAPS, body()).code
    except (ProtocolError, SSLError, ConnectionError):  # the connection was cut
        code = 0
    assert code != 201
    assert running.client.ask("GET", f"{CONFIGMAPS}/late").code == 404


# --- the table ---


def test_what_is_there_at_the_start_counts_and_a_lost_history_is_read_anew() -> None:
    store, woken = MemoryStore(buffer=2), []
    with store.transaction() as writing:
        writing.put(secret_for("first", "1"))
    tokens = Tokens(store, lambda: woken.append(1))
    assert tokens.held() == {"first": digest_of(b"1")}
    for number in range(2, 9):
        with store.transaction() as writing:
            writing.put(secret_for(f"t{number}", str(number)))
    with store.transaction() as writing:
        writing.delete(ref_of_token("first"))
    assert woken
    assert sorted(tokens.held()) == [f"t{number}" for number in range(2, 9)]
    with store.transaction() as writing:
        writing.delete(ref_of_token("t2"))
    assert "t2" not in tokens.held()
    tokens.close()
    with store.transaction() as writing:
        writing.delete(ref_of_token("t3"))
    assert "t3" in tokens.held()
    store.close()


def test_a_token_that_is_made_anew_under_its_name_is_another_one() -> None:
    store = MemoryStore()
    tokens = Tokens(store, lambda: None)
    for token in (b"1", b"2"):
        with store.transaction() as writing:
            writing.put(secret_for("ci", token.decode()))
        assert tokens.held() == {"ci": digest_of(token)}
    assert ref_of(secret_for("ci", "1")) == ref_of_token("ci")
    tokens.close()
    store.close()


# --- the comparison ---


def test_a_named_tokens_bearer_is_a_master_of_that_name() -> None:
    gate = Gate("own", ())
    named = {"ci": digest_of(b"t"), "other": digest_of(b"u")}
    assert gate.admit("Bearer t", None, named, NOW).identity == Identity("ci", (MASTERS, AUTHENTICATED))
    assert gate.admit("bearer own ", None, named, NOW).identity.name == "minisets-admin"
    for header in ("", "Bearer v", "Bearer", "Basic t", "Bearer t u"):
        with pytest.raises(Unauthorized):
            gate.admit(header, None, named, NOW)


def test_every_token_is_compared_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the comparison takes says nothing of which token was given, or whether it is one."""
    compared: list[bytes] = []

    def compare(_given: bytes, digest: bytes) -> bool:
        compared.append(digest)
        return _given == digest

    monkeypatch.setattr("hmac.compare_digest", compare)
    gate = Gate("own", ())
    named = {name: digest_of(name.encode()) for name in ("a", "b", "c")}
    for given in ("own", "a", "c"):
        compared.clear()
        gate.admit(f"Bearer {given}", None, named, NOW)
        assert compared == [digest_of(b"own"), *named.values()]
    compared.clear()
    with pytest.raises(Unauthorized):
        gate.admit("Bearer unknown", None, named, NOW)
    assert compared == [digest_of(b"own"), *named.values()]


def test_who_asks_about_a_named_token_is_told_its_name_until_it_is_revoked(
    client: Client, named: Callable[[str], Client]
) -> None:
    reviews = "/apis/authentication.k8s.io/v1"
    other = named("ci")
    assert other.create(f"{reviews}/selfsubjectreviews", {})["status"]["userInfo"]["username"] == "ci"
    asked = {"spec": {"token": other.token}}
    assert client.create(f"{reviews}/tokenreviews", asked)["status"]["user"]["username"] == "ci"
    revoke(client, "ci")
    assert "authenticated" not in client.create(f"{reviews}/tokenreviews", asked)["status"]
