"""How pods are asked how they are: by what means, from when on, how often, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.cluster import credentials
from minisets.objects.metadata import is_true
from tests.scenarios.bare import WAITS, container_status, made, pod, printed, running
from tests.scenarios.cluster import SOON
from tests.waiting import holds, until

if TYPE_CHECKING:
    from pathlib import Path

    from minisets.objects.kinds import Object
    from tests.scenarios.cluster import Cluster

pytestmark = pytest.mark.docker

# It is there for who asks over TLS and says who sent it.
SERVES = """
import http.server, ssl

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        moved = {"/moved": "/there", "/away": "https://192.0.2.1/"}.get(self.path)
        is_there = self.path == "/there" and self.headers["X-From"] == "the manifest"
        self.send_response(302 if moved else 200 if is_there else 404)
        if moved:
            self.send_header("Location", moved)
        self.end_headers()

server = http.server.HTTPServer(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/served/certificate", "/served/key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def probed(name: str, script: str, own: dict[str, Any] | None = None, **probes: Any) -> Object:
    """A pod with a volume at /told; own: laid over its container."""
    every = {probe: {"periodSeconds": 1, "timeoutSeconds": 10, **asked} for probe, asked in probes.items()}
    container = {"volumeMounts": [{"name": "told", "mountPath": "/told"}], **every, **(own or {})}
    volumes = [{"name": "told", "emptyDir": {}}]
    grace = {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30}
    return pod(name, script, container=container, volumes=volumes, **grace)


def runs(script: str) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", script]}}


def lines(cluster: Cluster, name: str) -> list[str]:
    """What was written down on its volume; nothing while nobody has."""
    return cluster.inside(name, "cat /told/all || true").splitlines()


def test_a_request_speaks_tls_says_what_the_manifest_says_and_goes_where_it_is_sent(
    cluster: Cluster, tmp_path: Path
) -> None:
    """A-114, A-115: no certificate is checked; who is sent to another host has been answered."""
    given = credentials.ensure(tmp_path, (), datetime.now(UTC))
    files = {"certificate": given.certificate.read_text(), "key": given.key.read_text(), "serve.py": SERVES}
    served = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "served"}, "stringData": files}

    def asked(name: str, path: str, **more: Any) -> Object:
        get = {"scheme": "HTTPS", "port": "tls", "path": path, **more}
        container = {
            "image": "python:3.11-slim",
            "command": ["python3", "-u", "/served/serve.py"],
            "ports": [{"name": "tls", "containerPort": 8443}],
            "readinessProbe": {"httpGet": get, "periodSeconds": 1, "timeoutSeconds": 10},
            "volumeMounts": [{"name": "served", "mountPath": "/served"}],
        }
        volumes = [{"name": "served", "secret": {"secretName": "served"}}]
        return pod(name, container=container, volumes=volumes)

    headers = [{"name": "x-from", "value": "the manifest"}]
    made(
        cluster,
        served,
        asked("known", "/moved", httpHeaders=headers),
        asked("unknown", "/moved"),
        asked("sent-away", "/away"),
    )
    for name in ("known", "sent-away"):
        until(lambda name=name: is_true(cluster.pod(name), "Ready"), f"{name} to be ready", SOON)  # type: ignore[misc] # a lambda's default

    def answered() -> list[str]:
        return [line.partition('"')[2] for line in printed(cluster, "known") if '"GET' in line]

    until(lambda: len(answered()) >= 2, "both requests in the log", SOON)
    assert answered()[:2] == ['GET /moved HTTP/1.1" 302 -', 'GET /there HTTP/1.1" 200 -']
    said = "Readiness probe failed: HTTP probe failed with statuscode: 404"
    until(lambda: cluster.has_event("unknown", said, reason="Unhealthy"), "the refusal", SOON)
    assert not is_true(cluster.pod("unknown"), "Ready")
    said = "Readiness probe warning: Probe terminated redirects"
    until(lambda: cluster.has_event("sent-away", said, reason="ProbeWarning"), "the warning", SOON)


def test_nothing_else_is_asked_before_the_startup_probe_has_passed(cluster: Cluster) -> None:
    """A-111, A-114: and it is not asked again."""

    def says(probe: str, condition: str = "true") -> dict[str, Any]:
        return runs(f"echo {probe} >> /told/all; {condition}")

    startup = {**says("startup", "test -f /told/go"), "failureThreshold": 60}
    others = {"livenessProbe": says("liveness"), "readinessProbe": says("readiness")}
    made(cluster, probed("starting", WAITS, startupProbe=startup, **others))
    running(cluster, "starting")
    until(lambda: lines(cluster, "starting").count("startup") >= 3, "three questions", SOON)
    assert container_status(cluster, "starting")["started"] is False
    assert not is_true(cluster.pod("starting"), "Ready")
    assert set(lines(cluster, "starting")) == {"startup"}
    cluster.inside("starting", "touch /told/go")
    until(lambda: is_true(cluster.pod("starting"), "Ready"), "it to be ready", SOON)
    assert container_status(cluster, "starting")["started"] is True

    others_asked = ("liveness", "readiness")
    until(lambda: min(map(lines(cluster, "starting").count, others_asked)) >= 3, "the others", SOON)
    told = lines(cluster, "starting")
    assert "startup" not in told[told.count("startup") :]


def test_a_probes_own_grace_is_what_its_container_gets(cluster: Cluster) -> None:
    """A-113: the pod's would be half a minute."""
    startup = {**runs("false"), "failureThreshold": 2, "terminationGracePeriodSeconds": 1}
    made(cluster, probed("never-starts", "trap '' TERM; while :; do sleep 0.1; done", startupProbe=startup))
    until(lambda: container_status(cluster, "never-starts").get("restartCount"), "a restart", SOON)
    said = "failed startup probe, will be restarted"
    assert cluster.has_event("never-starts", said, reason="Killing")
    last = cluster.inspected("never-starts__restart-0")["State"]
    took = datetime.fromisoformat(last["FinishedAt"]) - datetime.fromisoformat(last["StartedAt"])
    assert last["ExitCode"] == 137, "it was killed"
    assert timedelta(seconds=1) <= took < timedelta(seconds=30)
    cluster.minisets("delete", "pod", "never-starts", "--grace-period", "1").succeeded()


def test_a_container_is_asked_after_its_delay_and_killed_at_the_threshold(cluster: Cluster) -> None:
    """A-112, A-113: three failures in a row, on a volume that sees both containers."""
    script = f"echo start $(date +%s) >> /told/all; {WAITS}"
    liveness = {**runs("echo asked $(date +%s) >> /told/all; false"), "failureThreshold": 3}
    made(cluster, probed("doomed", script, livenessProbe={**liveness, "initialDelaySeconds": 3}))
    until(lambda: container_status(cluster, "doomed").get("restartCount"), "a restart", SOON)
    began = datetime.fromisoformat(cluster.inspected("doomed__restart-0")["State"]["StartedAt"])
    running(cluster, "doomed")
    until(lambda: len(lines(cluster, "doomed")) >= 5, "the next start", SOON)
    told = [line.split() for line in lines(cluster, "doomed")[:5]]
    assert [word for word, _ in told] == ["start", "asked", "asked", "asked", "start"]
    assert int(told[1][1]) - int(began.timestamp()) >= 3, "both stamps are cut to the second"


def test_an_answer_counts_when_it_came_often_enough_in_a_row(cluster: Cluster) -> None:
    """A-112: a probe that fails every other time never becomes good, and once it was good never bad."""
    every_other = "echo asked >> /told/all; test -f /told/good || test $(($(wc -l < /told/all) % 2)) = 0"
    readiness = {**runs(every_other), "successThreshold": 2, "failureThreshold": 2}
    made(cluster, probed("wavering", WAITS, readinessProbe=readiness))
    asked_often = timedelta(seconds=4)
    running(cluster, "wavering")
    holds(lambda: not is_true(cluster.pod("wavering"), "Ready"), "it is not ready", asked_often)
    cluster.inside("wavering", "touch /told/good")
    until(lambda: is_true(cluster.pod("wavering"), "Ready"), "it to be ready", SOON)
    before = len(lines(cluster, "wavering"))
    cluster.inside("wavering", "rm /told/good")
    holds(lambda: is_true(cluster.pod("wavering"), "Ready"), "it is ready", asked_often)
    assert len(lines(cluster, "wavering")) >= before + 2
