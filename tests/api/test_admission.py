"""Who is let in: no route but four answers without the token, none to a Host that is not ours."""

import http.client
import socket
import ssl
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from minisets.api import routes
from minisets.api.auth import IDENTITY, Gate, Identity
from minisets.api.entrance import Entrance
from minisets.errors import Forbidden, Unauthorized
from minisets.objects.tokens import secret_for
from tests.api.serving import PODS, Client, Running

SECRETS = "/api/v1/namespaces/kube-system/secrets"
T = "t"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = [path.replace("{namespace}", "default").replace("{name}", "web-0") for path in routes.every()]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
}


def test_no_route_but_four_answers_without_the_token(client: Client) -> None:
    refused = 0
    for path in PATHS:
        for method in METHODS:
            code = client.ask(method, path, token=None).code
            if path in routes.OPEN:
                assert code != 401, (method, path)
            else:
                assert code == 401, (method, path)
                refused += 1
    assert refused > 400


def test_no_path_that_is_told_of_by_discovery_answers_without_the_token(client: Client) -> None:
    """Whatever is served comes under it: this asks the server itself what that is."""
    roots = ["/api/v1", *(f"/apis/{name}" for name in group_versions(client))]
    told = [f"{root}/{one['name']}" for root in roots for one in client.get(root).json["resources"]]
    paths = client.get("/openapi/v3").json["paths"]
    documents = [entry["serverRelativeURL"] for entry in paths.values()]
    assert len(told) > 25
    assert len(documents) == len(roots)
    for path in (*told, *documents, "/api", "/apis", *roots):
        for method in ("GET", "POST"):
            assert client.ask(method, path, token=None).code == 401, (method, path)


def group_versions(client: Client) -> list[str]:
    groups = client.get("/apis").json["groups"]
    return [version["groupVersion"] for group in groups for version in group["versions"]]


def test_the_body_of_a_stranger_is_not_asked_for(client: Client) -> None:
    with secure(client) as connection:
        connection.sendall(
            b"POST /api/v1/pods HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Content-Length: 9\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")


def secure(client: Client) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", client.port), timeout=10)
    return client.context.wrap_socket(raw, server_hostname="127.0.0.1")


@pytest.mark.parametrize("token", ["", None])
def test_no_page_of_another_origin_is_told_that_it_may_read(client: Client, token: str | None) -> None:
    asks = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "DELETE",
        "Access-Control-Request-Headers": "authorization",
    }
    for method, path in (("OPTIONS", PODS), ("GET", PODS), ("GET", "/version"), ("OPTIONS", "/version")):
        answered = client.ask(method, path, headers=asks, token=token)
        assert not [name for name in answered.headers if name.lower().startswith("access-control-")]
        assert (answered.code == 200) is (method == "GET" and (token == "" or path == "/version"))


@pytest.mark.parametrize("hosts", [
    b"Host: localhost\r\nHost: evil.example\r\n",
    b"Host: evil.example\r\nHost: localhost\r\n",
    b"Host: evil.example\r\nX-Forwarded-Host: localhost\r\n",
])  # fmt: skip
@pytest.mark.parametrize("target", [b"/version", b"https://localhost/version"])
def test_no_other_way_of_saying_the_host_lets_a_foreign_name_in(
    client: Client, hosts: bytes, target: bytes
) -> None:
    with secure(client) as connection:
        connection.sendall(b"GET " + target + b" HTTP/1.1\r\n" + hosts + b"\r\n")
        assert connection.recv(4096).split()[1] in (b"400", b"403")


def test_what_is_no_http_is_refused_without_a_word_in_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.ask("SURPRISE", "/api", token=None).code == 400
    assert not caplog.records


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/api/v9", "/healthz/x", "/healthzz", "//version/x", PODS + "/a/b/c"]
)
def test_unknown_paths_are_refused_alike_without_the_token(client: Client, path: str) -> None:
    answered = client.ask("GET", path, token=None)
    assert (answered.code, answered.json["reason"], answered.json["message"]) == (
        401,
        "Unauthorized",
        "Unauthorized",
    )


@pytest.mark.parametrize(
    "path", [PODS + "/web-0/exec?command=ls&stdout=true", "/anything", PODS + "?watch=true"]
)
def test_websocket_upgrades_and_watches_are_refused_without_the_token(client: Client, path: str) -> None:
    assert client.ask("GET", path, headers=UPGRADE, token=None).code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x"]
)
def test_only_the_whole_token_as_a_bearer_counts(client: Client, header: str) -> None:
    given = {"Authorization": header.format(token=client.token)}
    assert client.ask("GET", "/api", headers=given, token=None).code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer  ", "bearer x"])
def test_an_empty_token_opens_nothing(header: str) -> None:
    with pytest.raises(Unauthorized):
        Gate("", ()).admit(header, None, {}, NOW)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Identity]:
    """Whom each admitted request had at `IDENTITY` when it was routed."""
    found: list[Identity] = []
    route = Entrance._route

    async def recorded(self: Entrance, visit: Any, parts: Any) -> web.StreamResponse:
        found.append(visit.request[IDENTITY])
        return await route(self, visit, parts)

    monkeypatch.setattr(Entrance, "_route", recorded)
    return found


def test_who_asks_goes_with_the_request(client: Client, seen: list[Identity]) -> None:
    everybody = ("system:masters", "system:authenticated")
    client.get(PODS)
    client.ask("GET", PODS, token=None)
    client.ask("GET", PODS, headers={"Impersonate-User": "jane", "Impersonate-Group": "team"})
    client.ask("GET", "/version", token=None)
    client.create("/api/v1/namespaces", {"metadata": {"name": "kube-system"}})
    client.create(SECRETS, secret_for("ci", "t"))
    client.ask("GET", PODS, token=T)
    assert seen == [
        Identity("minisets-admin", everybody),
        Identity("jane", ("team", "system:authenticated")),
        Identity("system:anonymous", ("system:unauthenticated",)),
        *[Identity("minisets-admin", everybody)] * 2,
        Identity("ci", everybody),
    ]


@pytest.mark.parametrize("host", [
    "127.0.0.1:1", "localhost", "LOCALHOST:9", "[::1]:443", "minisets.test", "Minisets.Test:8443",
])  # fmt: skip
def test_a_host_that_is_ours_is_served_on_any_port(client: Client, host: str) -> None:
    assert client.ask("GET", "/version", headers={"Host": host}).code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "[::2]", "", "[", "x@127.0.0.1"]
)
@pytest.mark.parametrize("path", ["/version", "/healthz", PODS])
def test_a_host_that_is_not_ours_is_refused_even_with_the_token(client: Client, host: str, path: str) -> None:
    answered = client.ask("GET", path, headers={"Host": host})
    assert (answered.code, answered.json["reason"]) == (403, "Forbidden")


def test_a_request_without_a_host_is_refused(client: Client) -> None:
    with pytest.raises(Forbidden):
        Gate("t", ()).check_host("")
    connection = http.client.HTTPSConnection("127.0.0.1", client.port, context=client.context, timeout=10)
    connection.putrequest("GET", "/version", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status in (400, 403)
    connection.close()


def test_plain_http_and_other_protocols_get_nothing(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.server.port, timeout=10)
    connection.request("GET", "/version")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
    context = ssl.create_default_context(cadata=running.credentials.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    secure = http.client.HTTPSConnection("127.0.0.1", running.server.port, context=context, timeout=10)
    secure.connect()
    assert secure.sock.selected_alpn_protocol() == "http/1.1"
    secure.close()
