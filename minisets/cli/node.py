"""`minisets node list|stop|start`: the virtual nodes, and a power cut or a hang of one of them.

A client of the API like any other: to stop a node is an annotation on it. Leaves what is listed to
`node_rows.py`, and what becomes of containers, taints and pods to kubelet and controllers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.cli.following import NotReady, Scene, until
from minisets.cli.node_rows import (
    HEADINGS,
    is_out_of_service,
    node_rows,
    others_ready,
    said_of_volumes,
    stopped_how,
)
from minisets.cli.render import aligned, as_json
from minisets.cli.session import Session, note, say, with_session
from minisets.errors import MinisetsError, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, name_of, ref_of
from minisets.objects.taints import OUT_OF_SERVICE
from minisets.settings import STOPPED, node_ordinal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_NODE = "Node"
_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")
_TIMEOUT = click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for the nodes.")


@click.group()
@with_session
def node(session: Session) -> None:
    """List the virtual nodes, stop them as a power cut or a hang would, and start them again."""
    del session


@node.command("list")
@click.option("-o", "--output", "form", default="", type=click.Choice(["", "json", "name"]))
@with_session
def list_(session: Session, form: str) -> None:
    """List the nodes: their state and zone, how many pods each has, since when it is stopped.

    -o json has a list of objects: name, status, zone, pods, stopped (kill, pause or null), since.
    """
    client = session.client()
    rows = node_rows(client.select(_NODE).items, client.select("Pod").items)
    if form == "json":
        click.echo(as_json([row.as_json() for row in rows]), nl=False)
    elif form == "name":
        for row in rows:
            say(row.name)
    else:
        now = session.clock.now()
        for line in aligned([HEADINGS, *(row.cells(now) for row in rows)]):
            say(line)


# --- stop ---


@node.command()
@_NAMES
@click.option("--kill", "how", flag_value="kill", help="A power cut; this is what is meant without either.")
@click.option("--pause", "how", flag_value="pause", help="A hang: its containers stand still.")
@_TIMEOUT
@with_session
def stop(session: Session, names: tuple[str, ...], how: str | None, timeout: float) -> None:
    """Stop nodes: their containers end or stand still, and nobody looks after their pods."""
    client, how = session.client(), how or "kill"
    chosen = _chosen(session, client, names)
    for one in chosen:
        if stopped := stopped_how(one):
            raise MinisetsError(
                f"node {name_of(one)} is stopped already ({stopped}), and none was: "
                f"`minisets{session.flags} node start {name_of(one)}` first"
            )
    _annotate(client, chosen, how)
    _await(session, client, chosen, timeout, _has_gone, "still Ready")
    for one in chosen:
        say(f"node/{name_of(one)} stopped ({how})")
    for line in _what_follows(session, client, chosen):
        note(line)


def _has_gone(node: Object | None) -> bool:
    return node is None or not is_true(node, "Ready")


def _what_follows(session: Session, client: ApiClient, stopped: Sequence[Object]) -> tuple[str, ...]:
    """What becomes of the pods, and what to type."""
    flags, names = session.flags, " ".join(map(name_of, stopped))
    back = f"start again: `minisets{flags} node start {names}`"
    if not others_ready(client.select(_NODE).items, names.split()):
        alone = "no other node is Ready: nothing is evicted while that is so; new pods wait, or get a further"
        return (f"{alone} node if there may be one (`minisets up --max-nodes`)", back)
    evicted = "pods there are deleted when their tolerations end (300 s unless they say otherwise)"
    force = f"`minisets{flags} delete-pod NAME --force`"
    return (
        f"{evicted}, and stay Terminating until they are forced: {force}",
        f"{said_of_volumes(names)}; {back}",
    )


# --- start ---


@node.command()
@_NAMES
@_TIMEOUT
@with_session
def start(session: Session, names: tuple[str, ...], timeout: float) -> None:
    """Start nodes that were stopped: what was paused goes on, what was killed is started anew."""
    client = session.client()
    chosen = _chosen(session, client, names)
    for one in chosen:
        if not stopped_how(one):
            raise MinisetsError(
                f"node {name_of(one)} is not stopped, and none was started: "
                f"see `minisets{session.flags} node list`"
            )
    _annotate(client, chosen, None)
    _await(session, client, chosen, timeout, _is_back, "not Ready")
    for one in chosen:
        say(f"node/{name_of(one)} started")
        if is_out_of_service(one):
            off = f"kubectl taint node {name_of(one)} {OUT_OF_SERVICE}-"
            note(f"node {name_of(one)} is still said to be out of service; it takes pods again after `{off}`")


def _is_back(node: Object | None) -> bool:
    return node is not None and is_true(node, "Ready")


# --- both ---


def _chosen(session: Session, client: ApiClient, names: Sequence[str]) -> list[Object]:
    """The nodes of these names, each once."""
    known = {name_of(node): node for node in client.select(_NODE).items}
    wanted = list(dict.fromkeys(name.removeprefix("node/") for name in names))
    for name in wanted:
        if name not in known:
            raise MinisetsError(f"there is no node {name}: see `minisets{session.flags} node list`")
        if node_ordinal(name) is None:
            raise UsageError(f"node {name} is none of minisets' own: it runs nothing that could be stopped")
    return [known[name] for name in wanted]


def _annotate(client: ApiClient, nodes: Sequence[Object], how: str | None) -> None:
    for one in nodes:
        client.patch(ref_of(one), {"metadata": {"annotations": {STOPPED: how}}}, form="merge")


def _await(
    session: Session,
    client: ApiClient,
    nodes: Sequence[Object],
    timeout: float,
    is_so: Callable[[Object | None], bool],
    otherwise: str,
) -> None:
    """Until each node is as it should be; MinisetsError names the first that is not."""
    names = list(map(name_of, nodes))

    def behind(scene: Scene) -> list[str]:
        return [name for name in names if not is_so(scene.get(Ref(_NODE, "", name)))]

    try:
        until(
            client,
            "",
            lambda scene: not behind(scene),
            timeout=timedelta(seconds=timeout),
            clock=session.clock,
            kinds=(_NODE,),
        )
    except NotReady as error:
        name = behind(error.scene)[0]
        raise MinisetsError(
            f"node {name} is {otherwise} after {timeout:g} s: "
            f"see `minisets{session.flags} describe node {name}`"
        ) from error
