"""`minisets up`: files into the cluster, then wait until every workload is Ready.

Nothing is made before every document has been read and tried: a mistake leaves no half. Leaves how many nodes
there are to `shaping.py`; they are there before what runs on them.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from minisets.cli import following
from minisets.cli.applying import Applied, Applier, kind_in
from minisets.cli.files import Files, opened
from minisets.cli.following import NotReady, Scene, is_passing, is_ready, pods_behind, state_of, until
from minisets.cli.render import aligned, plain
from minisets.cli.session import Session, note, say, with_session
from minisets.cli.shaping import Wanted, await_nodes, shape_with, with_shape, write_shape
from minisets.cluster import endpoint
from minisets.controllers.statefulset.identity import first_ordinal, pod_name
from minisets.errors import MinisetsError
from minisets.objects.metadata import name_of, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object, Ref

_WORKLOADS = ("StatefulSet", "Pod")


@click.command()
@click.option(
    "-f", "--filename", "names", multiple=True, metavar="FILE|DIR|-", help="Without: only the server."
)
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait until all is Ready.")
@click.option("--no-wait", is_flag=True, help="Return once the objects are stored.")
@click.option(
    "--strict", is_flag=True, help="Refuse what is not honoured as in Kubernetes or gives a pod the machine."
)
@with_shape
@with_session
def up(
    session: Session,
    names: tuple[str, ...],
    timeout: float,
    shape: Wanted | None,
    *,
    no_wait: bool,
    strict: bool,
) -> None:
    """Start the cluster; create or update what the files describe, and wait until it is Ready."""
    limit = None if no_wait else timedelta(seconds=timeout)
    may_run = False
    try:
        with opened(names) as files:
            for manifest in files:
                kind_in(manifest, strict=strict)
            may_run = True
            _up(session, files, shape, limit, strict=strict)
    except KeyboardInterrupt:
        note(_interrupted(session) if may_run else "\ninterrupted: nothing was started, nothing was changed")
        raise SystemExit(130) from None


def _interrupted(session: Session) -> str:
    """What runs on after Ctrl-C, also where it was the server's start that was interrupted."""
    flags = session.flags
    return (
        "\ninterrupted: the server and the pods that it has run on. "
        f"See them with `minisets{flags} get pods`, end them with `minisets{flags} down`"
    )


def _up(
    session: Session, files: Files, shape: Wanted | None, limit: timedelta | None, *, strict: bool
) -> None:
    client = _server(session)
    try:
        applier = Applier(client, session.namespace, lambda text: note(f"Warning: {text}"), strict=strict)
        for manifest in files:
            applier.check(manifest)
        if shape is not None:
            _shape(session, client, shape, limit)
        applied = _apply_all(session, applier, files)
        if not files.sources:
            say(f'cluster "{session.cluster}" is up')
        workloads = [ref for ref in applied if ref.kind in _WORKLOADS]
        if workloads and limit is not None:
            _wait(session, client, workloads, limit)
        _what_next(session, client, applied)
    finally:
        client.close()


def _server(session: Session) -> ApiClient:
    """The cluster's server, of this minisets, started or replaced if need be."""
    access = session.control.ensure()
    for notice in endpoint.notices(session.places):
        note(f"Warning: {notice}")
    return session.client(access)


def _shape(session: Session, client: ApiClient, wanted: Wanted, limit: timedelta | None) -> None:
    shape = shape_with(client, wanted)
    write_shape(client, shape)
    if limit is not None:
        await_nodes(session, client, shape, limit)
    most = f"up to {shape.max_nodes} when pods need them" if shape.max_nodes > shape.nodes else "never more"
    say(f"nodes: {shape.nodes}, {most}; zones: {', '.join(shape.zones)}")


def _apply_all(session: Session, applier: Applier, files: Files) -> list[Ref]:
    session.control.hand_logins(manifest.obj for manifest in files)
    refs: list[Ref] = []
    for manifest in files:
        applied: Applied | None = applier.apply(manifest)
        if applied is not None:
            say(str(applied))
            refs.append(applied.ref)
    return refs


def _wait(session: Session, client: ApiClient, refs: Sequence[Ref], timeout: timedelta) -> None:
    """Until all are Ready; MinisetsError says which is not, why, and what to type."""
    deadline = session.clock.elapsed() + timeout
    for namespace in dict.fromkeys(ref.namespace for ref in refs):
        here = [ref for ref in refs if ref.namespace == namespace]
        left = deadline - session.clock.elapsed()
        try:
            with _shown(here) as saw:
                until(
                    client,
                    namespace,
                    following.are_ready(here),
                    timeout=left,
                    clock=session.clock,
                    saw=saw,
                )
        except NotReady as error:
            missing = following.what_is_missing(error.scene, here, session.flags)
            raise MinisetsError(f"not Ready after {timeout.total_seconds():g} s: {missing}") from error


@contextmanager
def _shown(refs: Sequence[Ref]) -> Iterator[Callable[[Scene], None]]:
    """A line a pod: kept up to date on a terminal, printed at each change elsewhere."""
    console = Console(highlight=False)
    if not console.is_terminal:
        yield _Changes(refs).saw
        return
    with Live(console=console, auto_refresh=False) as live:

        def saw(scene: Scene) -> None:
            rows = [[f"  {name_of(pod)}", _line(pod)] for pod in pods_behind(scene, refs)]
            # Why Text: a pull's message may hold [brackets], which rich would take for markup.
            live.update(Text("\n".join(aligned(rows)), no_wrap=True, overflow="ellipsis"), refresh=True)

        yield saw


class _Changes:
    """Prints a pod's state when it becomes another one that says something: Ready, or what holds it up.

    Why not each state: a log wants neither the passing ones nor a text that differs from run to run.
    """

    def __init__(self, refs: Sequence[Ref]) -> None:
        self._refs = refs
        self._last: dict[str, str] = {}

    def saw(self, scene: Scene) -> None:
        for pod in pods_behind(scene, self._refs):
            line = _line(pod)
            if not is_passing(pod) and self._last.get(name_of(pod)) != line:
                self._last[name_of(pod)] = line
                say(f"  {name_of(pod)}  {line}")


def _line(pod: Object) -> str:
    address = status_of(pod).get("podIP", "")
    return f"Ready at {address}" if is_ready(pod) and address else plain(state_of(pod))


def _what_next(session: Session, client: ApiClient, refs: Sequence[Ref]) -> None:
    """What a person may want to type now."""
    statefulsets = [ref for ref in refs if ref.kind == "StatefulSet"]
    note("")
    note("Try next:")
    note(f"  minisets{session.flags} get pods,pvc")
    if statefulsets:
        web = client.get(statefulsets[0])
        pod = pod_name(web, first_ordinal(web)) if web else f"{statefulsets[0].name}-0"
        note(f"  minisets{session.flags} delete-pod {pod}        # it comes back on its old data")
    note(f"  export KUBECONFIG={session.places.kubeconfig}   # and use kubectl")
    note(f"  minisets{session.flags} down")
