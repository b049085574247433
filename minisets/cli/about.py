"""About the cluster itself: `status`, `kubeconfig`, `daemon`."""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minisets.cli.session import Session, note, own_kubeconfig, say, with_session
from minisets.client import merging
from minisets.client.access import kubeconfig_with
from minisets.cluster import control, endpoint
from minisets.errors import EngineError, UsageError
from minisets.objects import tokens
from minisets.objects.metadata import is_true, status_of
from minisets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Also the engine, the control container and its parts.")
@with_session
def status(session: Session, *, verbose: bool) -> None:
    """Say whether the cluster's server runs, on which engine, and what it runs. Mends nothing."""
    access = session.control.answering()
    if access is None and not verbose:
        raise control.not_running(session.places)
    rows = [("cluster", session.cluster)]
    if access is not None:
        client = session.client(access)
        rows += _served(client)
        client.close()
    else:
        rows.append(("server", "does not answer"))
    rows += [("kubeconfig", str(session.places.kubeconfig))]
    details = _details(session)
    rows += details if verbose else details[:1]
    width = max(len(name) for name, _ in rows) + 1
    for name, text in rows:
        say(f"{name + ':':{width}} {text}")
    if access is None:
        raise SystemExit(1)


def _details(session: Session) -> list[tuple[str, str]]:
    """Which engine, and what is on it; the first is the most telling."""
    try:
        return session.control.details()
    except EngineError as error:
        return [("engine found", str(error))]


def _served(client: ApiClient) -> Iterator[tuple[str, str]]:
    version = client.raw("/version")
    pods = client.select("Pod").items
    claims = client.select("PersistentVolumeClaim").items
    ready = sum(is_true(pod, "Ready") for pod in pods)
    bound = sum(status_of(claim).get("phase") == "Bound" for claim in claims)
    yield "server", f"{client.access.url} ({version['gitVersion']})"
    nodes = client.select("Node").items
    yield from _engine(nodes)
    there = sum(is_true(node, "Ready") for node in nodes)
    yield "nodes", f"{there} of {len(nodes)} ready"
    yield "pods", f"{ready} of {len(pods)} ready"
    yield "claims", f"{bound} of {len(claims)} bound"


def _engine(nodes: Sequence[Object]) -> Iterator[tuple[str, str]]:
    """The one engine under all nodes, as the first that was registered says it."""
    for node in nodes:
        if info := status_of(node).get("nodeInfo"):
            yield "engine", f"{info.get('containerRuntimeVersion', 'unknown')} on {info.get('osImage', '')}"
            return


@click.command("kubeconfig")
@click.option(
    "--merge", is_flag=True, help="Put it into your own kubeconfig: $KUBECONFIG, or ~/.kube/config."
)
@click.option("--use", is_flag=True, help="With --merge: make it the current context, too.")
@click.option(
    "--certificate",
    "user",
    default=None,
    metavar="NAME",
    help="One for NAME, with a client certificate: good for a year, cannot be revoked.",
)
@with_session
def kubeconfig_(session: Session, *, merge: bool, use: bool, user: str | None) -> None:
    """Print the kubeconfig: `minisets kubeconfig > FILE`, then `kubectl --kubeconfig FILE ...`."""
    if use and not merge:
        raise UsageError("--use says which context is the current one after --merge: give both")
    if user is not None and merge:
        raise UsageError("--certificate prints a kubeconfig of its own for NAME: give it without --merge")
    if user is not None and (wrong := tokens.complaints(user)):
        raise UsageError(f'the name "{user}" is not usable: {wrong[0]}')
    access = session.access()
    if user is not None:
        issued = session.control.issue(user, ("system:masters",))
        click.echo(kubeconfig_with(access, session.cluster, user, issued.certificate, issued.key), nl=False)
        note(f"it is good until {issued.until:%Y-%m-%d}; one that can be revoked: `minisets token create`")
        return
    if not merge:
        click.echo(session.places.kubeconfig.read_text(), nl=False)
        return
    file = own_kubeconfig()
    if file.resolve() == session.places.kubeconfig.resolve():
        raise UsageError(f"KUBECONFIG names {file}, which is minisets' own already: unset it")
    endpoint.change(
        file, lambda text: merging.merged(text, access, session.cluster, use=use, source=str(file))
    )
    name = merging.entry_name(session.cluster)
    say(
        f'context "{name}" is in {file}' + (", and the current one" if use else f"; kubectl --context {name}")
    )


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
    # Why here: only this command needs the whole house.
    from minisets.daemon import serve, serve_contained  # noqa: PLC0415
    from minisets.dns.handover import handed_over  # noqa: PLC0415

    settings = Settings(
        cluster=session.cluster,
        state=state or session.places.state,
        engine="memory" if engine == "memory" else "docker",
        host=host,
        port=port,
        subnet=_subnet(subnet),
    )
    if (zones := handed_over(os.environ)) is not None:
        raise SystemExit(serve_contained(settings, zones))
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
