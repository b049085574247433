"""`minisets up`: files into the cluster, then wait until every workload is Ready.

Nothing is made before every document has been read and tried: a mistake leaves no half.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live

from minisets.cli import following
from minisets.cli.applying import Applied, Applier
from minisets.cli.files import Files, opened
from minisets.cli.following import NotReady, Scene, is_ready, pods_behind, state_of, until
from minisets.cli.render import aligned
from minisets.cli.session import Session, note, pause, say, with_session
from minisets.client.requests import ApiClient
from minisets.cluster import control, engine
from minisets.errors import MinisetsError
from minisets.objects.metadata import name_of, ref_of, status_of
from minisets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.objects.kinds import Object, Ref

_WORKLOADS = ("StatefulSet", "Pod")


@click.command()
@click.option("-f", "--filename", "names", multiple=True, required=True, metavar="FILE|DIR|-")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait until all is Ready.")
@click.option("--no-wait", is_flag=True, help="Return once the objects are stored.")
@click.option("--strict", is_flag=True, help="Refuse kinds and fields that minisets does not honour.")
@with_session
def up(session: Session, names: tuple[str, ...], timeout: float, *, no_wait: bool, strict: bool) -> None:
    """Create or update what the files describe, and wait until it is Ready."""
    with opened(names) as files:
        for _ in files:
            pass
        client = _server(session)
        applied = _apply_all(session, client, files, strict=strict)
        workloads = [ref for ref in applied if ref.kind in _WORKLOADS]
        if workloads and not no_wait:
            _wait(session, client, workloads, timedelta(seconds=timeout))
        _what_next(session, client, applied)


def _server(session: Session) -> ApiClient:
    """The cluster's server, started if need be, once the engine is known to be fit."""
    places = session.places
    try:
        access = control.running(places)
    except control.NotRunning:
        engine.check(session.cluster)
        settings = Settings(cluster=session.cluster, state=places.state)
        access = control.ensure(places, settings, session.clock, pause)
        note(f'started the server of cluster "{session.cluster}" at {access.url}')
    return ApiClient(access, command="minisets up")


def _apply_all(session: Session, client: ApiClient, files: Files, *, strict: bool) -> list[Ref]:
    applier = Applier(client, session.namespace, lambda text: note(f"Warning: {text}"), strict=strict)
    for manifest in files:
        applier.check(manifest)
    refs: list[Ref] = []
    for manifest in files:
        applied: Applied | None = applier.apply(manifest)
        if applied is not None:
            say(str(applied))
            refs.append(applied.ref)
    return refs


def _wait(session: Session, client: ApiClient, refs: Sequence[Ref], timeout: timedelta) -> None:
    for namespace in dict.fromkeys(ref.namespace for ref in refs):
        here = [ref for ref in refs if ref.namespace == namespace]
        try:
            with _shown(here) as saw:
                until(
                    client,
                    namespace,
                    following.are_ready(here),
                    timeout=timeout,
                    clock=session.clock,
                    saw=saw,
                )
        except NotReady as error:
            scene = _now(client, namespace)
            missing = following.what_is_missing(scene, here, session.flags)
            raise MinisetsError(f"not Ready after {timeout.total_seconds():g} s: {missing}") from error
        except KeyboardInterrupt:
            note(
                f"\ninterrupted: the server and the pods run on. See them with "
                f"`minisets{session.flags} get pods`, end them with `minisets{session.flags} down`"
            )
            raise SystemExit(130) from None


def _now(client: ApiClient, namespace: str) -> Scene:
    scene = Scene()
    for kind in _WORKLOADS:
        for obj in client.select(kind, namespace).items:
            scene.objects[ref_of(obj)] = obj
    return scene


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
            live.update("\n".join(aligned(rows)), refresh=True)

        yield saw


class _Changes:
    """Prints a pod's state when it becomes another one."""

    def __init__(self, refs: Sequence[Ref]) -> None:
        self._refs = refs
        self._last: dict[str, str] = {}

    def saw(self, scene: Scene) -> None:
        for pod in pods_behind(scene, self._refs):
            line = _line(pod)
            if self._last.get(name_of(pod)) != line:
                self._last[name_of(pod)] = line
                say(f"  {name_of(pod)}  {line}")


def _line(pod: Object) -> str:
    address = status_of(pod).get("podIP", "")
    return f"Ready at {address}" if is_ready(pod) and address else state_of(pod)


def _what_next(session: Session, client: ApiClient, refs: Sequence[Ref]) -> None:
    """What a person may want to type now."""
    statefulsets = [ref for ref in refs if ref.kind == "StatefulSet"]
    note("")
    note("Try next:")
    note(f"  minisets{session.flags} get pods,pvc")
    if statefulsets:
        pods = client.select("Pod", statefulsets[0].namespace).items
        pod = next((name_of(pod) for pod in pods), f"{statefulsets[0].name}-0")
        note(f"  minisets{session.flags} delete-pod {pod}        # it comes back on its old data")
    note(f"  export KUBECONFIG={session.places.kubeconfig}   # and use kubectl")
    note(f"  minisets{session.flags} down")
