"""`minisets down`: end the workloads gracefully, keep the data, and say what is kept.

Claims, volumes and state go only with `--volumes`, after a question. A file ends only its objects, and
of these not what holds data.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.cli.applying import Applier, word_for
from minisets.cli.asking import ask
from minisets.cli.files import opened
from minisets.cli.following import NotReady, Scene, until
from minisets.cli.render import aligned
from minisets.cli.session import Session, note, own_kubeconfig, say, with_session
from minisets.client import merging
from minisets.cluster import endpoint, removal
from minisets.cluster.engine import is_in_memory
from minisets.controllers.statefulset.identity import claim_templates
from minisets.errors import EngineUnavailable, MinisetsError, NotFound
from minisets.objects.metadata import annotations_of, key_of, name_of, ref_of, spec_of
from minisets.settings import PROVISIONED_BY, PROVISIONERS, STOPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.client.requests import ApiClient
    from minisets.cluster.control import Presence
    from minisets.objects.kinds import Object

    Kept = tuple[Iterable[Object], Iterable[Object]]

_WORKLOADS = ("StatefulSet", "Pod")
_DATA = ("PersistentVolumeClaim", "PersistentVolume", "VolumeSnapshot", "VolumeSnapshotContent", "Namespace")
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
    presence = _presence(session)
    if presence == "absent":
        say(f'nothing runs: cluster "{session.cluster}" has nothing on this machine')
        return
    if volumes and not yes:
        _ask(session, names)
    client = _server(session, presence, may_fail=volumes and not names)
    try:
        if names:
            _down_files(session, _needed(session, client), names, volumes=volumes)
        else:
            _down_all(session, client, volumes=volumes)
    finally:
        if client is not None:
            client.close()


def _presence(session: Session) -> Presence:
    """What of the cluster is there."""
    try:
        return session.control.presence()
    except EngineUnavailable:
        if session.places.state.exists():
            raise
        return "absent"


def _server(session: Session, presence: Presence, *, may_fail: bool) -> ApiClient | None:
    """The server that ends pods gracefully: brought back if it should run; None where nothing runs.

    may_fail: the person gives everything up, so that a server that does not start must not be in the way.
    """
    if presence != "up":
        return None
    try:
        return session.client()
    except EngineUnavailable:
        raise
    except MinisetsError as error:
        if not may_fail:
            raise
        note(f"Warning: pods are ended without their grace: {error}")
        return None


def _needed(session: Session, client: ApiClient | None) -> ApiClient:
    if client is None:
        raise MinisetsError(_down_already(session))
    return client


def _ask(session: Session, names: tuple[str, ...]) -> None:
    what = f"the claims and volumes of {', '.join(names)}" if names else "all claims, volumes and state"
    ask(f'delete {what} in cluster "{session.cluster}"? The data is lost', "deleted")


def _forget_the_context(session: Session) -> None:
    """What `kubeconfig --merge` put into the person's own file leads nowhere now."""
    file = own_kubeconfig()
    try:
        if file.exists():
            endpoint.change(file, lambda text: merging.without(text, session.cluster, str(file)))
    except MinisetsError as error:
        note(f"Warning: {error}")


def _down_already(session: Session) -> str:
    return (
        f'cluster "{session.cluster}" is down already: '
        f"`minisets{session.flags} down --volumes` removes what it kept"
    )


def _down_all(session: Session, client: ApiClient | None, *, volumes: bool) -> None:
    kept: Kept | None = None
    if client is not None:
        _end_workloads(session, client)
        kept = client.select("PersistentVolumeClaim").items, client.select("PersistentVolume").items
        if volumes:
            _delete_all_claims(session, client, kept[0])
    session.control.end()
    lost = removal.end_holders(session.places)
    if volumes:
        removal.remove(session.places)
        _forget_the_context(session)
        say(f'cluster "{session.cluster}" is gone, its data with it')
    elif kept is not None:
        _say_what_stays(session, *kept, lost)
    else:
        say(_down_already(session))


def _all(client: ApiClient, kinds: Iterable[str]) -> list[Object]:
    return [obj for kind in kinds for obj in client.select(kind).items]


def _end_workloads(session: Session, client: ApiClient) -> None:
    workloads = _all(client, _WORKLOADS)
    _begin_end(client, workloads)
    _start_nodes(client)
    # Why until nothing at all is left: a controller may have made one more pod meanwhile.
    _await_end(session, client, workloads, lambda scene: not scene.objects)


def _begin_end(client: ApiClient, objects: list[Object]) -> None:
    for obj in objects:
        with contextlib.suppress(NotFound):
            client.delete(ref_of(obj))
            if obj["kind"] != "Pod" or not obj["metadata"].get("ownerReferences"):
                say(f"{word_for(ref_of(obj))} deleted")


def _start_nodes(client: ApiClient) -> None:
    """Why: a pod of a stopped node ends when that is back, and the cluster with the last pod."""
    for node in client.select("Node").items:
        if STOPPED in annotations_of(node):
            client.patch(ref_of(node), {"metadata": {"annotations": {STOPPED: None}}}, form="merge")
            say(f"node/{name_of(node)} started, for its pods to end")


def _await_end(
    session: Session, client: ApiClient, objects: list[Object], is_done: Callable[[Scene], bool]
) -> None:
    """Until every pod is gone: each has its own grace."""
    graces = [spec_of(obj).get("terminationGracePeriodSeconds") or 0 for obj in objects]
    timeout = timedelta(seconds=max(graces, default=0)) + _MARGIN
    try:
        until(client, "", is_done, timeout=timeout, clock=session.clock)
    except NotReady as error:
        left = [
            ref for ref in sorted(error.scene.objects) if not is_done(Scene({ref: error.scene.objects[ref]}))
        ]
        raise MinisetsError(
            f"{', '.join(map(str, left))} did not end within {timeout.total_seconds():g} s: "
            f"see `minisets{session.flags} describe {left[0].kind.lower()} {left[0].name}`"
        ) from error


def _down_files(session: Session, client: ApiClient, names: tuple[str, ...], *, volumes: bool) -> None:
    applier = Applier(client, session.namespace, lambda text: note(f"Warning: {text}"))
    with opened(names) as files:
        refs = [ref for manifest in files if (ref := applier.ref_of(manifest)) is not None]
    found = [obj for ref in reversed(refs) if (obj := client.get(ref)) is not None]
    if not found:
        say("nothing of these files is there")
        return
    sets = [obj for obj in found if obj["kind"] == "StatefulSet"]
    pods = [pod for statefulset in sets for pod in _pods_of(client, statefulset)]
    ending = [*(obj for obj in found if obj["kind"] not in _DATA), *pods]
    gone = {ref_of(obj) for obj in ending}
    _begin_end(client, ending)
    _await_end(session, client, ending, lambda scene: gone.isdisjoint(scene.objects))
    data = [obj for obj in found if obj["kind"] in _DATA]
    if volumes:
        _delete(
            client, [*data, *(claim for statefulset in sets for claim in _claims_of(client, statefulset))]
        )
        return
    for obj in data:
        say(f"{word_for(ref_of(obj))} kept: --volumes deletes what holds data, too")


def _pods_of(client: ApiClient, statefulset: Object) -> list[Object]:
    scene = Scene()
    for pod in client.select("Pod", ref_of(statefulset).namespace).items:
        scene.objects[ref_of(pod)] = pod
    return scene.pods_of(statefulset)


def _claims_of(client: ApiClient, statefulset: Object) -> list[Object]:
    """Claims that were made from its templates, of any ordinal."""
    starts = [f"{name_of(template)}-{name_of(statefulset)}-" for template in claim_templates(statefulset)]
    return [
        claim
        for claim in client.select("PersistentVolumeClaim", ref_of(statefulset).namespace).items
        if any(name_of(claim).removeprefix(start).isdecimal() for start in starts)
    ]


def _delete(client: ApiClient, objects: Iterable[Object]) -> None:
    for obj in objects:
        with contextlib.suppress(NotFound):
            client.delete(ref_of(obj))
            say(f"{word_for(ref_of(obj))} deleted")


def _delete_all_claims(session: Session, client: ApiClient, claims: Iterable[Object]) -> None:
    """Claims first, then every volume that is left: Retain is overruled by the person who asked.

    What does not go in time is left to `removal`.
    """
    _delete(client, claims)
    for volume in client.select("PersistentVolume").items:
        with contextlib.suppress(NotFound):
            if annotations_of(volume).get(PROVISIONED_BY) not in PROVISIONERS:
                client.delete(ref_of(volume))  # a person's: what is behind it stays
            elif spec_of(volume).get("persistentVolumeReclaimPolicy") != "Delete":
                body = {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
                client.patch(ref_of(volume), body, form="merge")
    kinds = ("PersistentVolumeClaim", "PersistentVolume")
    try:
        until(client, "", lambda scene: not scene.objects, timeout=_MARGIN, clock=session.clock, kinds=kinds)
    except NotReady as error:
        for ref in sorted(error.scene.objects):
            note(f"Warning: {word_for(ref)} did not go within {_MARGIN.seconds} s")


def _say_what_stays(
    session: Session, claims: Iterable[Object], volumes: Iterable[Object], lost: Iterable[str]
) -> None:
    """Each claim, its volume, and the Docker volume that has the data; and what was in memory only."""
    handles = {name_of(volume): (spec_of(volume).get("csi") or {}).get("volumeHandle") for volume in volumes}
    rows = [["CLAIM", "VOLUME", "DOCKER VOLUME"]]
    for claim in claims:
        volume = spec_of(claim).get("volumeName") or "<none>"
        rows.append([key_of(claim), volume, handles.get(volume) or "<none>"])
    say(f'cluster "{session.cluster}" is down; its state is kept in {_where_the_state_is(session)}')
    if len(rows) > 1:
        say("kept with their data:")
        for line in aligned(rows):
            say(f"  {line}")
        if lost:
            say(f"  empty from now on, for its contents were in memory: {', '.join(lost)}")
        say(f"`minisets{session.flags} up` finds them again, `down --volumes` deletes them")


def _where_the_state_is(session: Session) -> str:
    on_host = session.places.database.exists() or is_in_memory(session.places)
    return str(session.places.state) if on_host else f'the Docker volume "{session.cluster}"'
