"""Who is let in: no route but four answers without the token, none to a Host that is not ours."""

import http.client
import ssl

import pytest

from minisets.api import routes
from minisets.api.auth import Gate
from minisets.errors import Forbidden, Unauthorized
from tests.api.serving import PODS, Client, Running

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


def test_an_empty_token_opens_nothing() -> None:
    with pytest.raises(Unauthorized):
        Gate("", ()).check_token("Bearer ")


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
