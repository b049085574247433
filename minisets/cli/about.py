"""About the cluster itself: `status`, `kubeconfig`, `daemon`."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import click

from minisets.cli.session import Session, say, with_session
from minisets.cluster import control
from minisets.errors import UsageError
from minisets.objects.metadata import is_true, status_of
from minisets.settings import Settings


@click.command()
@with_session
def status(session: Session) -> None:
    """Say whether the cluster's server runs, on which engine, and what it runs."""
    client = session.client()
    version = client.raw("/version")
    nodes = client.select("Node").items
    pods = client.select("Pod").items
    claims = client.select("PersistentVolumeClaim").items
    ready = sum(is_true(pod, "Ready") for pod in pods)
    bound = sum(status_of(claim).get("phase") == "Bound" for claim in claims)
    say(f"cluster:    {session.cluster}")
    say(f"server:     {client.access.url} ({version['gitVersion']})")
    for node in nodes:
        info = status_of(node).get("nodeInfo") or {}
        state = "Ready" if is_true(node, "Ready") else "not Ready"
        runtime = info.get("containerRuntimeVersion", "unknown")
        say(f"engine:     {runtime} on {info.get('osImage', '')} ({state})")
    say(f"pods:       {ready} of {len(pods)} ready")
    say(f"claims:     {bound} of {len(claims)} bound")
    say(f"kubeconfig: {session.places.kubeconfig}")
    say(f"state:      {session.places.state}")


@click.command("kubeconfig")
@with_session
def kubeconfig_(session: Session) -> None:
    """Print the kubeconfig: `minisets kubeconfig > FILE`, then `kubectl --kubeconfig FILE ...`."""
    control.running(session.places)
    click.echo(session.places.kubeconfig.read_text(), nl=False)


@click.command()
@click.option("--engine", default="docker", type=click.Choice(["docker", "memory"]))
@click.option("--state", default=None, type=click.Path(path_type=Path), help="Where the state lies.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="0: the port of last time, or a free one."
)
@click.option("--subnet", default="", help="The cluster's network; chosen if it does not exist.")
@with_session
def daemon(session: Session, engine: str, state: Path | None, host: str, port: int, subnet: str) -> None:
    """Run the server in the foreground, until Ctrl-C or SIGTERM."""
    from minisets.daemon import serve  # noqa: PLC0415 - Why: only this command needs the whole house

    settings = Settings(
        cluster=session.cluster,
        state=state or session.places.state,
        engine="memory" if engine == "memory" else "docker",
        host=host,
        port=port,
        subnet=_subnet(subnet),
    )
    serve(settings, session.places, announce=say)


def _subnet(text: str) -> IPv4Network | None:
    if not text:
        return None
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise UsageError(f'--subnet "{text}": {error}; write it as 10.213.0.0/16') from error
    if network.prefixlen > 24:
        raise UsageError(f'--subnet "{text}": too small; a /24 or larger is cut into four parts')
    return network
