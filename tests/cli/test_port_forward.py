"""`port-forward` as a process of its own. The pods' addresses are of this machine's loopback."""

import contextlib
import random
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from minisets.engine.memory_scripts import ExecResult
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, uid_of
from tests.cli.conftest import Run
from tests.waiting import until
from tests.whole import Whole, pod, serving

LOOPBACK = IPv4Network("127.213.0.0/16")
WEB = Ref("Pod", "default", "web-0")
LABELS = {"app": "web"}


@pytest.fixture
def whole(home: Path) -> Iterator[Whole]:
    with serving(home, subnet=LOOPBACK) as running:
        yield running


@contextlib.contextmanager
def answering() -> Iterator[int]:
    """What pods run, at every address of this machine: says where, and all that it heard, at its end."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard = b""
            with contextlib.suppress(ConnectionError):
                while data := self.request.recv(65536):
                    heard += data
                self.request.sendall(self.request.getsockname()[0].encode() + b" heard " + heard)

    with socketserver.ThreadingTCPServer(("0.0.0.0", 0), Handler) as server:  # noqa: S104 - for as long as a test
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def address_of(whole: Whole, ref: Ref = WEB) -> str:
    def ready() -> str:
        found = whole.client.get(ref)
        return found["status"]["podIP"] if found and is_true(found, "Ready") else ""

    return until(ready, f"{ref.name} to be Ready")


@dataclass(frozen=True)
class Web:
    """A statefulset of one pod, and a service of another port that leads to the pod's."""

    whole: Whole
    address: str
    port: int

    def says(self, words: bytes) -> bytes:
        return self.address.encode() + b" heard " + words


@pytest.fixture
def web(whole: Whole) -> Iterator[Web]:
    with answering() as port:
        container = {"name": "app", "image": "nginx:1", "ports": [{"name": "http", "containerPort": port}]}
        template = {
            "metadata": {"labels": LABELS},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
        }
        selector = {"matchLabels": LABELS}
        spec = {"serviceName": "web", "replicas": 1, "selector": selector, "template": template}
        made = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}
        whole.client.create("StatefulSet", "default", made)
        leads = {"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": leads}
        whole.client.create("Service", "default", service)
        yield Web(whole, address_of(whole), port)


@dataclass
class Forwards:
    """The process, and what it has said."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def port(self) -> int:
        """After both lines of `localhost`, where the machine has both."""
        first = self.line()
        assert first.startswith("Forwarding from 127.0.0.1:"), first
        return int(first.split(":")[1].split(" ")[0])

    def ends(self, by: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(by)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@contextlib.contextmanager
def forwarding(*argv: str) -> Iterator[Forwards]:
    command = [sys.executable, "-m", "minisets", "port-forward", "--address", "127.0.0.1", *argv]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield Forwards(process)
        finally:
            process.kill()


def asked(port: int, words: bytes) -> bytes:
    """What is answered to these words, after which nothing more is said."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(words)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                answer += data
        return answer


def free_port() -> int:
    """Not of those that the machine gives to whoever wants any: it stays free until it is taken."""
    given_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(given_from // 2, given_from), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError(f"no port is free below {given_from}")


@pytest.mark.parametrize("target", ["web-0", "pod/web-0", "statefulset/web", "sts/web"])
def test_a_named_port_of_a_pod_is_carried_and_said(web: Web, target: str) -> None:
    with forwarding(target, ":http") as forwards:
        port = forwards.port()
        assert asked(port, b"a word") == web.says(b"a word")
        assert forwards.line() == f"Handling connection for {port}"


def test_a_services_port_leads_to_its_pods(web: Web) -> None:
    local = free_port()
    with forwarding("service/web", f"{local}:80") as forwards:
        assert forwards.line() == f"Forwarding from 127.0.0.1:{local} -> {web.port}"
        assert asked(local, b"a word") == web.says(b"a word")


def test_ctrl_c_is_the_way_to_end_it_and_no_failure(web: Web) -> None:
    """Kubernetes: kubectl leaves with 0, too. A connection that is open does not hold it up."""
    with forwarding("web-0", f":{web.port}") as forwards:
        port = forwards.port()
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            assert forwards.line() == f"Handling connection for {port}"
            connection.sendall(b"never ending")
            assert forwards.ends(signal.SIGINT) == (0, "")


def test_a_port_that_nobody_listens_at_is_said_and_the_forwarding_goes_on(web: Web) -> None:
    web.whole.engine.behave("*pause*", run=nobody_is_inside)
    nowhere = free_port()
    with forwarding("web-0", f":{nowhere}", f":{web.port}") as forwards:
        refusing, port = forwards.port(), forwards.port()
        assert asked(refusing, b"a word") == b""
        assert forwards.process.stderr is not None
        said = forwards.process.stderr.readline()
        assert said.startswith(f"an error occurred forwarding {refusing} -> {nowhere}: "), said
        assert said.endswith("connect: connection refused\n"), said
        assert asked(port, b"a word") == web.says(b"a word")
        assert forwards.process.poll() is None


def nobody_is_inside(command: tuple[str, ...], _: bytes) -> ExecResult:
    return ExecResult(stderr=f"pause: cannot connect {command[-1]}: error 111\n".encode(), exit_code=1)


def test_a_pod_that_was_replaced_has_the_next_connection(web: Web) -> None:
    before = web.whole.client.read(WEB)
    with forwarding("web-0", f":{web.port}") as forwards:
        port = forwards.port()
        assert asked(port, b"1") == web.says(b"1")
        web.whole.client.delete(WEB)
        until(
            lambda: uid_of(web.whole.client.get(WEB) or before) != uid_of(before), "another pod of that name"
        )
        address = address_of(web.whole)
        assert asked(port, b"2") == address.encode() + b" heard 2"


def test_who_no_longer_reads_what_is_said_ends_it_with_141(web: Web) -> None:
    """`minisets port-forward ... | head -1`"""
    with forwarding("web-0", f":{web.port}") as forwards:
        port = forwards.port()
        assert forwards.process.stdout is not None
        forwards.process.stdout.close()
        assert asked(port, b"a word") == b""
        assert forwards.process.wait(20) == 141
        assert forwards.process.stderr is not None
        assert forwards.process.stderr.read() == ""


def test_an_address_that_is_named_twice_is_listened_at_once(web: Web) -> None:
    with forwarding("web-0", f":{web.port}", "--address", "127.0.0.1,localhost,127.0.0.1") as forwards:
        assert asked(forwards.port(), b"a word") == web.says(b"a word")
        _, said = forwards.ends(signal.SIGINT)
        assert said == ""


def test_a_pod_that_does_not_run_cannot_be_forwarded_to(run: Run, whole: Whole) -> None:
    whole.engine.miss_image("nginx:1")
    whole.engine.refuse_pull("nginx:1", "no such image")
    whole.client.create("Pod", "default", pod("web-0"))
    until(lambda: whole.client.read(WEB)["status"].get("phase") == "Pending", "a pod that waits")
    ran = run("port-forward", "web-0", "80")
    said = "Error: unable to forward port because pod is not running. Current status=Pending\n"
    assert (ran.code, ran.err) == (1, said)


def test_a_port_that_is_taken_is_said(web: Web, run: Run) -> None:
    del web
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("port-forward", "web-0", f"{port}:80", "--address", "127.0.0.1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"Unable to listen on port {port}: 127.0.0.1: Address already in use\n"
        "Error: unable to listen on any of the requested ports\n"
    )
