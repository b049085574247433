"""`minisets volumes`: what data there is, whose it is, how much; out and in; adopted, recovered, removed.

Claims and PersistentVolumes are the API's; how much is in a volume, and what, only the engine knows. Where it
cannot be asked the list has no sizes. What is listed: `volumes_rows.py`.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from minisets.api.ages import since
from minisets.cli import volumes_changes as changes
from minisets.cli.asking import ask
from minisets.cli.render import aligned, as_json
from minisets.cli.session import Session, note, say, with_session
from minisets.cli.volumes_rows import Row, Seen, handle_of, in_words, removable, rows, users
from minisets.cluster.engine import is_in_memory
from minisets.engine import labels
from minisets.errors import (
    EngineConflict,
    EngineError,
    EngineUnavailable,
    MinisetsError,
    NotFound,
    UsageError,
)
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, spec_of
from minisets.settings import ADOPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from minisets.client.requests import ApiClient
    from minisets.cluster.volumes import VolumeCalls
    from minisets.engine.interface import Volume
    from minisets.kubelet.volumes.holders import Holders
    from minisets.objects.kinds import Object

_CLAIM = click.argument("claim", metavar="CLAIM")


def _listing(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("-o", "--output", "form", default="", type=click.Choice(["", "json", "name"])),
        click.option("--orphans", is_flag=True, help="Only what no claim has, or no statefulset wants."),
        click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of all namespaces."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_listing
@with_session
def volumes(session: Session, form: str, *, everywhere: bool, orphans: bool) -> None:
    """List the claims' volumes and what is in them; read, write, adopt, recover and remove them."""
    if click.get_current_context().invoked_subcommand is None:
        _list(session, form, everywhere=everywhere, orphans=orphans)


@volumes.command("list")
@_listing
@with_session
def list_(session: Session, form: str, *, everywhere: bool, orphans: bool) -> None:
    """List claims and volumes: who uses them, what is in them, and with --orphans why nobody wants them.

    -o json has a list of objects: namespace, claim, pods, volume (Docker's name), persistentVolume, phase,
    capacity, used (bytes, or null), created, orphan (why; empty for all others).
    """
    _list(session, form, everywhere=everywhere, orphans=orphans)


def _list(session: Session, form: str, *, everywhere: bool, orphans: bool) -> None:
    found = [
        row
        for row in rows(_seen(session, session.client()))
        if (everywhere or row.namespace == session.namespace) and (row.orphan or not orphans)
    ]
    if form == "json":
        click.echo(as_json([row.as_json() for row in found]), nl=False)
    elif form == "name":
        for row in found:
            say(row.volume or row.claim)
    elif not found:
        where = "" if everywhere else f" in {session.namespace} namespace"
        note(f"No {'orphaned ' if orphans else ''}volumes found{where}.")
    else:
        for line in _table(session, found, everywhere=everywhere, orphans=orphans):
            say(line)


def _seen(session: Session, client: ApiClient) -> Seen:
    docker: tuple[Volume, ...] = ()
    sizes: dict[str, int] = {}
    if not is_in_memory(session.places):
        try:
            with _engine() as engine:
                docker = engine.list_volumes(labels.cluster_selector(session.cluster))
                sizes = engine.sizes()
        except EngineError as error:
            note(f"Warning: what is in the volumes is not known: {error}")
    return Seen(
        client.select("PersistentVolumeClaim").items,
        client.select("PersistentVolume").items,
        client.select("Pod").items,
        client.select("StatefulSet").items,
        docker,
        sizes,
    )


def _table(session: Session, found: list[Row], *, everywhere: bool, orphans: bool) -> list[str]:
    now = session.clock.now()
    lines = [["CLAIM", "POD", "VOLUME", "PHASE", "CAPACITY", "USED", "AGE"]]
    for row in found:
        pods, phase = ",".join(row.pods) or "<none>", row.phase or "<none>"
        cells = [row.claim or "<none>", pods, row.volume or "<none>", phase, row.capacity or "<none>"]
        lines.append([*cells, in_words(row.used), since(row.created, now)])
    if everywhere:
        spaces = ["NAMESPACE", *(row.namespace or "<none>" for row in found)]
        lines = [[space, *line] for space, line in zip(spaces, lines, strict=True)]
    if orphans:
        whys = ["WHY", *(row.orphan for row in found)]
        lines = [[*line, why] for line, why in zip(lines, whys, strict=True)]
    return aligned(lines)


@contextmanager
def _engine() -> Iterator[VolumeCalls]:
    # Why here: Docker's SDK takes longer to import than most commands to run, and they do not need it.
    from minisets.cluster.volumes import VolumeCalls  # noqa: PLC0415

    calls = VolumeCalls.connect()
    try:
        yield calls
    finally:
        calls.close()


@contextmanager
def _docker(session: Session) -> Iterator[VolumeCalls]:
    """The cluster's engine. EngineUnavailable where it has none that this command could ask."""
    if is_in_memory(session.places):
        raise EngineUnavailable(f'cluster "{session.cluster}" is one in memory: it has no Docker volumes')
    with _engine() as calls:
        yield calls


# --- rm, adopt, recover ---


@volumes.command()
@click.argument("words", nargs=-1, required=True, metavar="CLAIM-OR-VOLUME...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_session
def rm(session: Session, words: tuple[str, ...], *, yes: bool) -> None:
    """Remove volumes that no claim has, with their data. Nothing else is ever removed."""
    client = session.client()
    found = rows(_seen(session, client))
    chosen = dict.fromkeys(removable(found, word, session.namespace) for word in words)
    if not yes:
        ask(f"remove {', '.join(row.volume for row in chosen)}? The data is lost", "removed")
    with _docker(session) as engine:
        for row in chosen:
            for line in changes.remove(client, engine, session.cluster, row, session.clock):
                say(line)


@volumes.command()
@click.argument("volume", metavar="VOLUME")
@click.option("--claim", default="", metavar="NAME", help="The claim that is to have it.")
@with_session
def adopt(session: Session, volume: str, claim: str) -> None:
    """Give a claim that waits a Docker volume that minisets did not make, with its data.

    Without --claim: the claim whose own volume would be called so. minisets never removes such a volume.
    """
    client = session.client()
    with _docker(session) as engine:
        say(changes.adopt(client, engine, session.cluster, session.namespace, volume, claim))


@volumes.command()
@with_session
def recover(session: Session) -> None:
    """Make claims and PersistentVolumes anew for all data that has none: after the state was lost."""
    client = session.client()
    with _docker(session) as engine:
        done = False
        for line in changes.recover(client, engine, session.cluster):
            say(line)
            done = True
    if not done:
        note("nothing to recover: every volume of this cluster is known")


# --- export, import ---


@volumes.command("export")
@_CLAIM
@with_session
def export(session: Session, claim: str) -> None:
    """Write what a claim's volume holds to the standard output, as a tar archive."""
    out = sys.stdout.buffer
    if sys.stdout.isatty():
        raise UsageError(
            f"a tar archive is not for a terminal: minisets volumes export {claim} > {claim}.tar"
        )
    from minisets.cluster.volumes import content  # noqa: PLC0415 - as in _engine

    client = session.client()
    with _docker(session) as engine:
        volume, pods, _ = _of_claim(session, client, engine, claim)
        if pods:
            note(f"Warning: {', '.join(pods)} may write meanwhile: it is not a copy of one moment")
        with _opened(session, engine, volume.name) as container:
            for piece in content(engine, container):
                out.write(piece)
            out.flush()


@volumes.command("import")
@_CLAIM
@click.option("--replace", is_flag=True, help="Remove what is in the volume before.")
@with_session
def import_(session: Session, claim: str, *, replace: bool) -> None:
    """Fill a claim's volume from a tar archive on the standard input. No pod may use it meanwhile."""
    if sys.stdin.isatty():
        raise UsageError(f"give the archive: minisets volumes import {claim} < {claim}.tar")
    from minisets.cluster.volumes import archive_in, fill, is_empty  # noqa: PLC0415 - as in _engine

    client = session.client()
    with _docker(session) as engine:
        volume, pods, is_ours = _of_claim(session, client, engine, claim)
        _refuse_import(session, engine, claim, volume, pods)
        archive = archive_in(sys.stdin.buffer)
        with _opened(session, engine, volume.name) as container:
            holds_data = not is_empty(engine, container)
        if holds_data:
            _refuse_replacing(claim, volume, replace=replace, is_ours=is_ours)
            try:
                _empty(session, engine, volume)
            except EngineConflict as error:
                raise MinisetsError(f"something uses the volume, nothing was imported: {error}") from error
        with _opened(session, engine, volume.name) as container:
            try:
                fill(engine, container, archive)
            except EngineError as error:
                raise MinisetsError(
                    f"the import into claim {claim} stopped, and what is in it is not whole: {error}. "
                    "Import again with --replace"
                ) from error
    say(f"claim {claim} has what the archive holds")


def _empty(session: Session, engine: VolumeCalls, volume: Volume) -> None:
    """EngineConflict: something uses it.

    Why one in memory is let go and held again instead of made anew: the kubelet holds it again by itself, as
    soon as it sees the holder's end, and what is held cannot be removed.
    """
    from minisets.cluster.volumes import emptied, is_empty  # noqa: PLC0415 - as in _engine

    if not volume.is_in_memory:
        emptied(engine, volume)
        return
    holders = _holders(session, engine)
    holders.end(volume.name)
    holders.hold(volume.name)
    with _opened(session, engine, volume.name) as container:
        if not is_empty(engine, container):
            raise EngineConflict(f"the Docker volume {volume.name} is mounted elsewhere")


def _holders(session: Session, engine: VolumeCalls) -> Holders:
    from minisets.engine.sandbox_image import SandboxImage  # noqa: PLC0415 - of no use elsewhere
    from minisets.kubelet.volumes.holders import Holders  # noqa: PLC0415 - likewise

    return Holders(engine, SandboxImage(engine), session.cluster)


def _refuse_import(
    session: Session, engine: VolumeCalls, claim: str, volume: Volume, pods: tuple[str, ...]
) -> None:
    if pods:
        raise MinisetsError(
            f"claim {claim} is used by {', '.join(pods)}: nothing was imported. End that first, for a "
            f"statefulset: minisets{session.flags} scale statefulset NAME --replicas N"
        )
    if volume.is_in_memory and not _holders(session, engine).is_held(volume.name):
        raise MinisetsError(f"claim {claim} is in memory while a pod uses it: what is imported would be lost")


def _refuse_replacing(claim: str, volume: Volume, *, replace: bool, is_ours: bool) -> None:
    if not replace:
        raise MinisetsError(f"claim {claim} is not empty: nothing was imported; --replace removes its data")
    if not is_ours:
        raise MinisetsError(
            f"the Docker volume {volume.name} is adopted, and minisets removes nothing in it: empty it first"
        )


def _of_claim(
    session: Session, client: ApiClient, engine: VolumeCalls, name: str
) -> tuple[Volume, tuple[str, ...], bool]:
    """The claim's Docker volume, the pods that use it, and whether it is ours (or else adopted)."""
    claim = client.read(Ref("PersistentVolumeClaim", session.namespace, name))
    pv = _bound(client, claim, name)
    handle = handle_of(pv)
    if not handle:
        raise MinisetsError(f"claim {name} has no Docker volume of its own: see `describe pvc {name}`")
    found = engine.inspect_volume(handle)
    if found is None:
        raise MinisetsError(f"the Docker volume {handle} of claim {name} is gone")
    is_ours = labels.is_data(found.labels, session.cluster)
    if not is_ours and not labels.is_taken_in(found.labels, handle, annotations_of(pv).get(ADOPTED, "")):
        raise MinisetsError(f"the Docker volume {handle} of claim {name} is not minisets': it is not touched")
    pods = client.select("Pod", session.namespace).items
    return found, users(claim, pods), is_ours


def _bound(client: ApiClient, claim: Object, name: str) -> Object:
    volume = spec_of(claim).get("volumeName")
    if not volume:
        raise MinisetsError(f"claim {name} has no volume yet: see `describe pvc {name}`")
    try:
        return client.read(Ref("PersistentVolume", "", volume))
    except NotFound as error:
        raise MinisetsError(f"claim {name} has lost its volume {volume}") from error


@contextmanager
def _opened(session: Session, engine: VolumeCalls, volume: str) -> Iterator[str]:
    """A container of ours that has the volume; its image is the sandbox's."""
    from minisets.cluster.volumes import opened  # noqa: PLC0415 - as in _engine
    from minisets.engine.sandbox_image import SandboxImage  # noqa: PLC0415 - of no use elsewhere

    with opened(engine, SandboxImage(engine).ensured(), session.cluster, volume) as container:
        yield container
