"""One GET as the kubelet makes it, against a real server."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from minisets.cluster import credentials
from minisets.kubelet.probes.requesting import LONGEST_BODY, Answer, Getter, Request, RequestError
from tests.kubelet.answering import Server
from tests.waiting import until

SECONDS = 5.0
TIMED_OUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server.running() as server:
        yield server


def request(server: Server, path: str = "/", agent: str = "probe", **get: Any) -> Request:
    return Request.of({"path": path, **get}, "127.0.0.1", server.port, agent)


def got(asked: Request, seconds: float | None = SECONDS) -> Answer:
    return Getter(seconds).get(asked)


def named(*headers: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def test_a_request_says_who_asks_and_keeps_no_connection(server: Server) -> None:
    got(request(server))
    got(request(server, agent="lifecycle"))
    host = ("Host", f"127.0.0.1:{server.port}")
    rest = [("Accept", "*/*"), ("Connection", "close")]
    assert server.headers == [
        [host, ("User-Agent", "kube-probe/1.37"), *rest],
        [host, ("User-Agent", "kube-lifecycle/1.37"), *rest],
    ]


def test_the_manifests_headers_come_before_ours(server: Server) -> None:
    own = named(("user-agent", "mine"), ("X-Custom", "1"), ("x-custom", "2"), ("Host", "web.example"))
    got(request(server, httpHeaders=own))
    assert server.headers == [
        [
            ("Host", "web.example"),
            ("User-Agent", "mine"),
            ("X-Custom", "1"),
            ("X-Custom", "2"),
            ("Accept", "*/*"),
            ("Connection", "close"),
        ]
    ]


def test_an_empty_accept_or_agent_is_not_sent(server: Server) -> None:
    got(request(server, httpHeaders=named(("Accept", ""), ("User-Agent", ""))))
    assert {name for name, _ in server.headers[0]} == {"Host", "Connection"}


@pytest.mark.parametrize(
    ("path", "asked"),
    [("healthz", "/healthz"), ("/a b?c=d e#f", "/a%20b?c=d%20e"), ("/%7Ea", "/%7Ea"), ("", "/")],
)
def test_a_path_is_asked_for_as_it_stands(server: Server, path: str, asked: str) -> None:
    got(request(server, path))
    assert server.paths == [asked]


def test_of_a_body_the_beginning_is_read(server: Server) -> None:
    answer = got(request(server, f"/200?say=ab&times={LONGEST_BODY}"))
    assert answer == Answer(200, "ab" * (LONGEST_BODY // 2))


def test_a_redirect_keeps_the_headers_and_a_relative_one_the_host(server: Server) -> None:
    own = named(("Host", "web.example"), ("X-Custom", "1"))
    absolute = f"http://127.0.0.1:{server.port}/200?say=here"
    got(request(server, "/301?to=/200", httpHeaders=own))
    assert got(request(server, f"/308?to={absolute}", httpHeaders=own)) == Answer(200, "here")
    seen = [dict(headers) for headers in server.headers]
    assert [one["X-Custom"] for one in seen] == ["1"] * 4
    local = f"127.0.0.1:{server.port}"
    assert [one["Host"] for one in seen] == ["web.example", "web.example", "web.example", local]


def test_ten_requests_and_no_more(server: Server) -> None:
    with pytest.raises(RequestError, match="stopped after 10 redirects"):
        got(request(server, "/302?to=itself"))
    assert len(server.paths) == 10


def test_a_redirect_to_what_is_no_http_is_an_error(server: Server) -> None:
    with pytest.raises(RequestError, match='unsupported protocol scheme "ftp"'):
        got(request(server, "/302?to=ftp://127.0.0.1/"))


def test_an_answer_that_does_not_come_in_time_is_said_to_be_late(server: Server) -> None:
    with pytest.raises(RequestError, match=r"http://127.0.0.1:\d+/\?hang=1.*Client.Timeout exceeded"):
        got(request(server, "/?hang=1"), 3)


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS"])
def test_a_request_can_be_ended_from_outside(tmp_path: Path, scheme: str) -> None:
    said: list[str] = []
    getter = Getter(None)

    def ask(server: Server) -> None:
        with pytest.raises(RequestError) as caught:
            getter.get(request(server, "/?hang=1", scheme=scheme))
        said.append(str(caught.value))

    with Server.running(_self_signed(tmp_path) if scheme == "HTTPS" else None) as server:
        thread = threading.Thread(target=ask, args=(server,))
        thread.start()
        until(lambda: server.paths, "the request")
        getter.close()
        thread.join()
        assert said[0].endswith(TIMED_OUT)
        with pytest.raises(RequestError, match="exceeded while awaiting"):
            getter.get(request(server))
        getter.close()


def test_no_certificate_is_checked(tmp_path: Path) -> None:
    with Server.running(_self_signed(tmp_path)) as server:
        assert got(request(server, "/200?say=safe", scheme="HTTPS")) == Answer(200, "safe")
        with pytest.raises(RequestError, match=r"EOF|connection reset"):
            got(request(server))


def test_plain_http_where_tls_was_asked_for_is_noticed(server: Server) -> None:
    asked = request(server, scheme="HTTPS", httpHeaders=named(("Authorization", "secret"), ("X-A", "1")))
    with pytest.raises(RequestError, match="server gave HTTP response to HTTPS client") as caught:
        got(asked)
    assert caught.value.spoke_plainly
    assert got(asked.plain()).status == 200
    assert {"Authorization", "X-A"} & {name for name, _ in server.headers[-1]} == {"X-A"}


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Of an authority that nobody trusts, for a name that nobody asks for."""
    made = credentials.ensure(folder, ["elsewhere.invalid"], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    return context
