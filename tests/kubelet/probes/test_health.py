"""One health call, against a gRPC server that is not ours, and against servers that are none."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from minisets.kubelet.probes import health

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"
SECONDS = 5.0


@contextmanager
def serving(
    answer: Callable[[bytes, grpc.ServicerContext], bytes], service: str = "grpc.health.v1.Health"
) -> Iterator[int]:
    """A gRPC server on a port of its own, with one method `Check` over bytes."""
    methods = {"Check": grpc.unary_unary_rpc_method_handler(answer)}
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=(grpc.method_handlers_generic_handler(service, methods),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()


def asked(port: int, service: str = "", seconds: float = SECONDS) -> str:
    return health.complaint("127.0.0.1", port, service, seconds, lambda _close: None)


def test_a_server_that_serves_passes() -> None:
    """A-114."""
    with serving(lambda _request, _context: SERVING) as port:
        assert asked(port) == ""


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (NOT_SERVING, "NOT_SERVING"),
        (b"", "UNKNOWN"),
        (b"\x08\x03", "SERVICE_UNKNOWN"),
        (b"\x08\xac\x02", "300"),
    ],
)
def test_any_other_status_is_a_failure_that_names_it(answer: bytes, status: str) -> None:
    with serving(lambda _request, _context: answer) as port:
        assert asked(port) == f'service unhealthy (responded with "{status}")'


def test_fields_that_we_do_not_know_are_passed_over() -> None:
    strange = b"\x12\x03abc" + b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"\x30\x07" + SERVING
    with serving(lambda _request, _context: strange) as port:
        assert asked(port) == ""


@pytest.mark.parametrize("service", ["", "orders", "x" * 300])
def test_the_service_is_asked_for_by_name(service: str) -> None:
    requests: list[bytes] = []

    def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
        requests.append(request)
        return SERVING

    with serving(answer) as port:
        assert asked(port, service) == ""
    length = {0: b"", 6: b"\x0a\x06", 300: b"\x0a\xac\x02"}[len(service)]
    assert requests == [length + service.encode()]


def test_a_call_that_fails_says_how() -> None:
    def answer(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_code(grpc.StatusCode.NOT_FOUND)
        context.set_details("unknown service: örders")
        return b""

    with serving(answer) as port:
        said = "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service: örders"
        assert asked(port, "örders") == said


def test_a_server_without_health_checks_is_said_to_be_one() -> None:
    with serving(lambda _request, _context: SERVING, service="other.Service") as port:
        assert asked(port).startswith("error: this server does not implement the grpc health protocol")


def test_an_answer_that_does_not_come_in_time_is_a_failure() -> None:
    asked_for, over = threading.Event(), threading.Event()

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        asked_for.set()
        over.wait(10 * SECONDS)
        return SERVING

    with serving(answer) as port:
        try:
            assert asked(port, seconds=3) == "timeout: health rpc did not complete within 3s"
            assert asked_for.is_set()
        finally:
            over.set()


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert asked(port).startswith(f'timeout: failed to connect service "127.0.0.1:{port}" within 5s')


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_what_does_not_speak_http_2_is_a_failure(answer: bytes) -> None:
    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        said = asked(listening.getsockname()[1])
        thread.join()
    assert said.startswith("error: health rpc probe failed: rpc error: code = Unavailable desc = ")


def test_a_call_can_be_ended_from_outside() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        said = health.complaint("127.0.0.1", listening.getsockname()[1], "", SECONDS, lambda close: close())
    assert said.startswith("error: health rpc probe failed")
