"""Who may speak to the server: the bearer of the token, from this machine, by a name of ours."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from typing import TYPE_CHECKING

import pytest

from minisets.api import routes
from minisets.cluster import control
from minisets.objects.kinds import KINDS
from tests.scenarios.cluster import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.scenarios.cluster import Cluster, Ended

pytestmark = pytest.mark.docker

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Run in a pod: reads paths, prints each with the code that it is answered with.
_ASK = """while read -r path || [ -n "$path" ]; do
  echo "$path $(curl -sk -o /dev/null -w '%{{http_code}}' --max-time 10 {url}$path)"
done"""


def _concrete(path: str) -> str:
    return path.replace("{namespace}", "default").replace("{name}", "web-0")


def test_a_pod_does_not_reach_a_host_process_at_all(own_cluster: Cluster) -> None:
    """It listens on the loopback only: not on the bridge, which every pod can reach."""
    cluster = own_cluster
    cluster.serve()
    cluster.minisets("up", "-f", MANIFESTS / "tools.yaml").succeeded()
    access = control.running(cluster.places)
    (network,) = cluster.engine.networks.list(names=[cluster.name])
    gateway = network.attrs["IPAM"]["Config"][0]["Gateway"]
    for host in (gateway, "127.0.0.1"):
        url = f"https://{host}:{access.address[1]}/version"
        refused = cluster.minisets("exec", "tools", "--", "curl", "-sk", "--max-time", "5", url)
        refused.failed(7)  # curl: could not connect


def test_pods_reach_the_server_and_are_refused_on_every_route_but_the_four(cluster: Cluster) -> None:
    """The control container listens on its address in the pods' network: asked from inside a pod."""
    cluster.minisets("up", "-f", MANIFESTS / "tools.yaml").succeeded()
    address = cluster.control()["NetworkSettings"]["Networks"][cluster.name]["IPAddress"]
    url = f"https://{address}:6443"
    closed = [_concrete(path) for path in sorted(set(routes.every()) - set(routes.OPEN))]
    script = ("sh", "-c", _ASK.format(url=url))
    paths = "\n".join([*closed, *routes.OPEN])
    asked = cluster.minisets("exec", "-i", "tools", "--", *script, given=paths)
    codes = dict(line.split() for line in asked.succeeded().out.splitlines())
    assert codes == dict.fromkeys(closed, "401") | dict.fromkeys(routes.OPEN, "200")
    foreign = ("curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example")
    assert cluster.minisets("exec", "tools", "--", *foreign, f"{url}/version").succeeded().out == "403"


def test_every_route_but_the_four_refuses_who_has_no_token(cluster: Cluster) -> None:
    guessed = {"Authorization": "Bearer guessed"}
    with caller(cluster) as ask:
        for path in set(routes.every()) - set(routes.OPEN):
            concrete = _concrete(path)
            for method in METHODS:
                assert ask(method, concrete) == 401, (method, path)
                assert ask(method, concrete, guessed) == 401, (method, path)
        assert ask("GET", "/api/v1/pods?watch=true") == 401
        assert ask("GET", "/there/is/no/such/path") == 401
        for path in routes.OPEN:
            assert ask("GET", path) == 200, path


def test_who_has_the_token_is_heard(cluster: Cluster) -> None:
    """Else the refusals above would prove nothing."""
    token = {"Authorization": f"Bearer {control.running(cluster.places).token}"}
    with caller(cluster) as ask:
        for kind in KINDS:
            assert ask("GET", routes.collection_of(kind, "default"), token) == 200, kind


def test_a_host_that_is_not_ours_is_refused_with_and_without_the_token(cluster: Cluster) -> None:
    """A web page may make its own name point here; the browser then sends that name."""
    token = {"Authorization": f"Bearer {control.running(cluster.places).token}"}
    with caller(cluster) as ask:
        for path in ("/version", "/api", "/api/v1/secrets"):
            assert ask("GET", path, {"Host": "evil.example"}) == 403
            assert ask("GET", path, {"Host": "evil.example:443", **token}) == 403
        assert ask("GET", "/version", {"Host": "localhost"}) == 200


def test_named_tokens_and_certificates_outlive_a_crash_and_a_revoked_token_does_not(
    cluster: Cluster, tmp_path: Path
) -> None:
    """What tokens there are is in the state volume, and so is the authority that signs certificates."""
    configs = {}
    for name, words in (
        ("ci", ("token", "create", "ci", "--kubeconfig")),
        ("jane", ("kubeconfig", "--certificate", "jane")),
    ):
        written = tmp_path / name
        written.write_text(cluster.minisets(*words).succeeded().out)
        configs[name] = cluster.file(written)

    def asked(name: str) -> Ended:
        return cluster.kubectl("--kubeconfig", configs[name], "get", "namespace", "default", "-o", "name")

    for _ in range(2):
        for name in configs:
            assert asked(name).succeeded().out == "namespace/default\n"
        cluster.kill_control_plane()
        cluster.minisets("get", "pods").succeeded()
    cluster.minisets("token", "revoke", "ci").succeeded()
    assert "You must be logged in" in asked("ci").failed().err
    cluster.kill_control_plane()
    assert cluster.minisets("token", "list", "-o", "name").succeeded().out == ""
    assert "You must be logged in" in asked("ci").failed().err
    assert asked("jane").succeeded().out == "namespace/default\n"


@contextlib.contextmanager
def caller(cluster: Cluster) -> Iterator[Callable[..., int]]:
    """Asks by hand, over one connection: method, path and headers to the answer's HTTP code."""
    access = control.running(cluster.places)
    context = ssl.create_default_context(cadata=access.authority)
    connection = http.client.HTTPSConnection(*access.address, context=context, timeout=10)

    def ask(method: str, path: str, headers: Mapping[str, str] | None = None) -> int:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        answer.read()
        return answer.status

    with contextlib.closing(connection):
        yield ask
