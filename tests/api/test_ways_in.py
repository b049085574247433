"""An unmodified kubectl with each way in: a named token, a client certificate, somebody else's name.

Skipped only where there is no kubectl. The kubeconfig's own token is what `test_kubectl.py` uses.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from minisets.client.access import kubeconfig, kubeconfig_for, kubeconfig_with
from minisets.cluster import credentials
from minisets.objects.tokens import ref_of_token, secret_for
from tests.api.kubectl import NEEDS_KUBECTL, Kubectl, access, with_config
from tests.api.serving import Running, run_pod

pytestmark = NEEDS_KUBECTL

LOGGED_OUT = "You must be logged in to the server"


@pytest.fixture
def by_token(running: Running, tmp_path: Path) -> Kubectl:
    running.registry.create("Namespace", "", {"metadata": {"name": "kube-system"}})
    running.registry.create("Secret", "kube-system", secret_for("ci", "a-token"))
    return with_config(tmp_path, kubeconfig_for(access(running), "minisets", "ci", "a-token"))


def by_certificate(running: Running, directory: Path, keys: Path, now: datetime) -> Kubectl:
    issued = credentials.issue_client(credentials.kept(keys), "jane", ("system:masters",), now)
    pair = issued.certificate, issued.key
    return with_config(directory, kubeconfig_with(access(running), "minisets", "jane", *pair))


def use_everything(kubectl: Kubectl, running: Running) -> None:
    """Requests, protobuf, streams: each opens a connection of its own."""
    running.engine.behave("web-0-*", output=(("stdout", b"hello\n"),))
    run_pod(running, "web-0")
    assert "web-0   1/1     Running" in kubectl("get", "pods")
    assert kubectl("create", "cm", "made", "--from-literal=a=b") == "configmap/made created\n"
    assert kubectl("apply", "-f", "-", stdin=CONFIG) == "configmap/applied created\n"
    assert kubectl("logs", "web-0") == "hello\n"
    assert kubectl("exec", "web-0", "--", "echo", "hi") == "echo hi\n"
    assert kubectl("exec", "-i", "web-0", "--", "cat", stdin="from here") == "from here"


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\n"


def test_with_a_named_token_everything_is_served_until_it_is_revoked(
    by_token: Kubectl, running: Running
) -> None:
    use_everything(by_token, running)
    watching = by_token.start("get", "pods", "-w", "-o", "name")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline() == "pod/web-0\n"
        running.registry.delete(ref_of_token("ci"))
        watching.communicate(timeout=20)
    finally:
        watching.kill()
        watching.communicate()
    assert LOGGED_OUT in by_token("get", "pods", fails=True)
    assert LOGGED_OUT in by_token("exec", "web-0", "--", "ls", fails=True)


def test_with_a_certificate_and_no_token_everything_is_served(running: Running, tmp_path: Path) -> None:
    kubectl = by_certificate(running, tmp_path, running.credentials.certificate.parent, datetime.now(UTC))
    assert "token" not in (tmp_path / "config").read_text()
    use_everything(kubectl, running)


def test_a_certificate_that_has_ended_is_told(running: Running, tmp_path: Path) -> None:
    ended = datetime.now(UTC) - timedelta(days=400)
    kubectl = by_certificate(running, tmp_path, running.credentials.certificate.parent, ended)
    assert LOGGED_OUT in kubectl("get", "pods", fails=True)


def test_a_kubeconfig_without_any_way_in_is_told(running: Running, tmp_path: Path) -> None:
    kubectl = with_config(tmp_path, kubeconfig(access(running, "wrong"), "minisets"))
    assert LOGGED_OUT in kubectl("get", "pods", fails=True)


def test_acting_as_somebody_else(by_token: Kubectl, running: Running) -> None:
    run_pod(running, "web-0")
    assert "web-0" in by_token("get", "pods", "--as=jane", "--as-group=team", "--as-uid=1")
    assert "web-0" in by_token("get", "pods", "--as=system:serviceaccount:default:default")
    assert "Error from server (Forbidden)" in by_token("get", "pods", "--as=system:anonymous", fails=True)
