"""`minisets down`: end the workloads gracefully, keep the data, and say what is kept.

Claims, volumes and state go only with `--volumes`, after a question. A file ends only its objects.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.cli.applying import Applier, word_for
from minisets.cli.files import opened
from minisets.cli.following import Scene, until
from minisets.cli.session import Session, note, pause, say, with_session
from minisets.client.requests import ApiClient
from minisets.cluster import control, removal
from minisets.errors import MinisetsError, NotFound
from minisets.objects.kinds import Ref, kind_of
from minisets.objects.metadata import name_of, ref_of, spec_of
from minisets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from minisets.objects.kinds import Object

_WORKLOADS = ("StatefulSet", "Pod")
_MARGIN = timedelta(seconds=30)


@click.command()
@click.option(
    "-f", "--filename", "names", multiple=True, metavar="FILE|DIR|-", help="End only these objects."
)
@click.option("--volumes", is_flag=True, help="Also delete claims, volumes and state: the data is lost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_session
def down(session: Session, names: tuple[str, ...], *, volumes: bool, yes: bool) -> None:
    """End the workloads; claims, volumes and state stay unless --volumes."""
    if not session.places.state.exists():
        say(f'nothing runs: cluster "{session.cluster}" has no state on this machine')
        return
    if volumes and not names and not yes:
        _ask(session)
    client = _server(session)
    if names:
        _down_files(session, client, names)
        return
    _end(session, client, _all(client, _WORKLOADS))
    claims = client.select("PersistentVolumeClaim").items
    if volumes:
        _delete_claims(session, client, claims)
    control.stop(session.places, session.clock, pause)
    if volumes:
        removal.remove(session.places)
        say(f'cluster "{session.cluster}" is gone, its data with it')
    else:
        _say_what_stays(session, claims)


def _server(session: Session) -> ApiClient:
    """Only the server ends pods gracefully, so it is started if it does not run."""
    settings = Settings(cluster=session.cluster, state=session.places.state)
    access = control.ensure(session.places, settings, session.clock, pause)
    return ApiClient(access, command="minisets down")


def _ask(session: Session) -> None:
    question = f'delete all claims, volumes and state of cluster "{session.cluster}"? The data is lost'
    try:
        agreed = click.confirm(question, default=False)
    except click.Abort:
        agreed = False
    if not agreed:
        raise MinisetsError("nothing was deleted: answer y, or use --yes")


def _all(client: ApiClient, kinds: Iterable[str]) -> list[Object]:
    return [obj for kind in kinds for obj in client.select(kind).items]


def _end(session: Session, client: ApiClient, objects: list[Object]) -> None:
    """Delete, and wait until every pod is gone: each had its own grace."""
    for obj in objects:
        try:
            client.delete(ref_of(obj))
        except NotFound:
            continue
        if obj["kind"] != "Pod" or not obj["metadata"].get("ownerReferences"):
            say(f"{word_for(ref_of(obj))} deleted")
    graces = [spec_of(obj).get("terminationGracePeriodSeconds") or 0 for obj in objects]
    timeout = timedelta(seconds=max(graces, default=0)) + _MARGIN
    gone = {ref_of(obj) for obj in objects if obj["kind"] in _WORKLOADS}

    for namespace in sorted({ref.namespace for ref in gone}):
        until(client, namespace, lambda scene: _gone_from(scene, gone), timeout=timeout, clock=session.clock)


def _gone_from(scene: Scene, refs: set[Ref]) -> bool:
    return refs.isdisjoint(scene.objects)


def _down_files(session: Session, client: ApiClient, names: tuple[str, ...]) -> None:
    applier = Applier(client, session.namespace, lambda text: note(f"Warning: {text}"))
    with opened(names) as files:
        refs = [ref for manifest in files if (ref := applier.ref_of(manifest)) is not None]
    found = [obj for ref in reversed(refs) if (obj := client.get(ref)) is not None]
    pods = [pod for obj in found if obj["kind"] == "StatefulSet" for pod in _pods_of(client, obj)]
    _end(session, client, [*found, *pods])
    if not found:
        say("nothing of these files is there")


def _pods_of(client: ApiClient, statefulset: Object) -> list[Object]:
    scene = Scene()
    for pod in client.select("Pod", ref_of(statefulset).namespace).items:
        scene.objects[ref_of(pod)] = pod
    return scene.pods_of(statefulset)


def _delete_claims(session: Session, client: ApiClient, claims: Iterable[Object]) -> None:
    """Claims first, then every volume that is left: Retain is overruled by the person who asked."""
    for claim in claims:
        client.delete(ref_of(claim))
        say(f"{word_for(ref_of(claim))} deleted")
    for volume in client.select("PersistentVolume").items:
        if spec_of(volume).get("persistentVolumeReclaimPolicy") != "Delete":
            client.patch(ref_of(volume), {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}, form="merge")
    _until_none(session, client, "PersistentVolume")


def _until_none(session: Session, client: ApiClient, kind: str) -> None:
    """Wait until no object of the kind is left; what is not ours to remove is left to `removal`."""
    listing = client.select(kind)
    left = {name_of(obj) for obj in listing.items}
    if not left:
        return
    watch = client.watch(kind, since=listing.version)
    deadline = session.clock.elapsed() + _MARGIN
    for event in watch:
        if event.type == "DELETED":
            left.discard(name_of(event.object))
        if not left or session.clock.elapsed() > deadline:
            break
    watch.close()
    for name in sorted(left):
        note(f"Warning: {kind_of(kind).singular}/{name} did not go within {_MARGIN.seconds} s")


def _say_what_stays(session: Session, claims: Iterable[Object]) -> None:
    kept = [f"{name_of(claim)} ({spec_of(claim).get('volumeName') or 'unbound'})" for claim in claims]
    say(f'cluster "{session.cluster}" is down')
    if kept:
        say(f"kept: claims {', '.join(kept)}; `minisets{session.flags} up` finds them again,")
        say(f"      `minisets{session.flags} down --volumes` deletes them")
