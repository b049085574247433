"""`minisets snapshot save|restore|list|rm`: all claims of a statefulset, as of one moment.

A client of the API like any other: VolumeSnapshots that say that they belong together. Leaves which and how
far to `snapshots.py`, putting back to `snapshot_restore.py`, pausing and copying to the kubelet.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.api.ages import since
from minisets.cli.asking import ask
from minisets.cli.durations import duration
from minisets.cli.following import NotReady, Scene, until
from minisets.cli.render import aligned, as_json
from minisets.cli.session import Session, note, say, with_session
from minisets.cli.snapshot_restore import restore_into
from minisets.cli.snapshots import (
    SetSnapshot,
    check_name,
    claims_to_save,
    remembered_in,
    set_snapshots,
    snapshot_of_claim,
    still_to_save,
)
from minisets.cli.targets import targets
from minisets.cli.volumes_rows import in_words
from minisets.errors import AlreadyExists, MinisetsError, NotFound, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of
from minisets.objects.snapshots import SNAPSHOT, SNAPSHOT_CONTENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_SET = "StatefulSet"
_NAME = click.argument("name", metavar="NAME")
_WORDS = click.argument("words", nargs=-1, metavar="[statefulset/NAME]")
_GONE_WITHIN = timedelta(seconds=60)
_FOREVER = timedelta(days=3650)


def _patience(context: click.Context, option: click.Parameter, text: str) -> timedelta:
    return duration(context, option, text) or _FOREVER


_TIMEOUT = click.option(
    "--timeout",
    default="10m",
    show_default=True,
    callback=_patience,
    help="How long to wait; 0: for ever.",
)


@click.group()
@with_session
def snapshot(session: Session) -> None:
    """Save all claims of a statefulset as of one moment, and put them back."""
    del session


# --- save ---


@snapshot.command()
@_NAME
@_WORDS
@_TIMEOUT
@with_session
def save(session: Session, name: str, words: tuple[str, ...], timeout: timedelta) -> None:
    """Copy every claim of a statefulset, its pods standing still together meanwhile."""
    check_name(name)
    client = session.client()
    statefulset = _chosen(session, client, words)
    claims = claims_to_save(statefulset, client.select("PersistentVolumeClaim", session.namespace).items)
    found = _find(session, client, name)
    for claim in still_to_save(name, statefulset, found, claims):
        with suppress(AlreadyExists):
            body = snapshot_of_claim(name, statefulset, claim, len(claims))
            client.create(SNAPSHOT, session.namespace, body)
    saved = _awaited(session, client, name, timeout)
    rows = [[part.claim, in_words(part.copied)] for part in saved.parts]
    for line in aligned(rows):
        say(f"  {line}")
    still = f"its pods stood still for {saved.paused}" if saved.paused not in ("", "0s") else "no pod ran"
    say(
        f"snapshot {name} of statefulset/{name_of(statefulset)} saved: {saved.in_claims}, "
        f"{in_words(saved.copied)}; {still}"
    )


def _awaited(session: Session, client: ApiClient, name: str, timeout: timedelta) -> SetSnapshot:
    """The snapshot once it is ready; MinisetsError once it has failed."""

    def seen() -> SetSnapshot:
        found = _find(session, client, name)
        if found is None:
            raise MinisetsError(f"snapshot {name} was removed meanwhile")
        return found

    def is_done(_: Scene) -> bool:
        found = seen()
        if found.error:
            raise MinisetsError(
                f"snapshot {name} failed: {found.error}; "
                f"when the cause is gone: minisets{session.flags} snapshot rm {name}, and save again"
            )
        return found.is_ready

    try:
        until(client, session.namespace, is_done, timeout=timeout, clock=session.clock, kinds=(SNAPSHOT,))
    except NotReady as error:
        raise MinisetsError(
            f"snapshot {name} is not ready within {timeout.total_seconds():g} s, and goes on: "
            f"minisets{session.flags} snapshot list"
        ) from error
    return seen()


# --- restore ---


@snapshot.command()
@_NAME
@_WORDS
@click.option("--yes", is_flag=True, help="Do not ask.")
@_TIMEOUT
@with_session
def restore(session: Session, name: str, words: tuple[str, ...], timeout: timedelta, *, yes: bool) -> None:
    """Put a snapshot back: stop the statefulset's pods in order, replace the data, start them in order.

    One that was killed goes on when the same is typed again.
    """
    client = session.client()
    found = _found(session, client, name)
    if not found.statefulset:
        raise MinisetsError(f"snapshot {name} is of no statefulset: make a claim from it (its dataSource)")
    if words and (given := _named(words)) != found.statefulset:
        raise UsageError(f"snapshot {name} is of statefulset/{found.statefulset}, not of {given}")
    statefulset = client.get(Ref(_SET, session.namespace, found.statefulset))
    if statefulset is None:
        raise MinisetsError(
            f"statefulset/{found.statefulset} is gone: make it again first (minisets up -f FILE), "
            "then type the same again"
        )
    restore_into(session, client, found, statefulset, timeout=timeout, agreed=yes)


# --- list, rm ---


@snapshot.command("list")
@click.option("-o", "--output", "form", default="", type=click.Choice(["", "json", "name"]))
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Of all namespaces.")
@with_session
def list_(session: Session, form: str, *, everywhere: bool) -> None:
    """List snapshots: whose, how large, whether they can be put back.

    -o json has a list of objects: namespace, name, statefulset, ready, error, copied (bytes, or null),
    paused, created, claims (claim, volumeSnapshot, volume: Docker's name, copied, ready, error).
    """
    client = session.client()
    found = _all(client, "" if everywhere else session.namespace)
    if form == "json":
        click.echo(as_json([one.as_json() for one in found]), nl=False)
    elif form == "name":
        for one in found:
            say(one.name)
    elif not found:
        note("No snapshots found" + ("." if everywhere else f" in {session.namespace} namespace."))
    else:
        for line in _table(session, found, everywhere=everywhere):
            say(line)


def _table(session: Session, found: list[SetSnapshot], *, everywhere: bool) -> list[str]:
    now = session.clock.now()
    lines = [["NAME", "STATEFULSET", "CLAIMS", "SIZE", "PAUSED", "READY", "AGE"]]
    for one in found:
        ready = "true" if one.is_ready else f"false: {one.error}" if one.error else "false"
        cells = [one.name, one.statefulset or "<none>", str(len(one.parts)), in_words(one.copied)]
        lines.append([*cells, one.paused or "<none>", ready, since(one.created, now)])
    if everywhere:
        spaces = ["NAMESPACE", *(one.namespace for one in found)]
        lines = [[space, *line] for space, line in zip(spaces, lines, strict=True)]
    return aligned(lines)


@snapshot.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_session
def rm(session: Session, names: tuple[str, ...], *, yes: bool) -> None:
    """Remove snapshots, with their copies. Claims are not touched."""
    client = session.client()
    chosen = [_found(session, client, name) for name in dict.fromkeys(names)]
    _refuse_in_use(session, client, {one.name for one in chosen})
    if not yes:
        which = ", ".join(one.name for one in chosen)
        ask(f"remove the snapshots {which}? What they hold is lost", "removed")
    for one in chosen:
        refs = {Ref(SNAPSHOT, one.namespace, part.snapshot) for part in one.parts}
        for ref in sorted(refs):
            with suppress(NotFound):
                client.delete(ref)
        _await_end(session, client, one.name, refs)
        say(f"snapshot {one.name} removed")


def _await_end(session: Session, client: ApiClient, name: str, refs: set[Ref]) -> None:
    try:
        until(
            client,
            session.namespace,
            lambda scene: refs.isdisjoint(scene.objects),
            timeout=_GONE_WITHIN,
            clock=session.clock,
            kinds=(SNAPSHOT,),
        )
    except NotReady as error:
        left = ", ".join(sorted(ref.name for ref in refs & error.scene.objects.keys()))
        raise MinisetsError(
            f"snapshot {name} does not go: see minisets{session.flags} describe volumesnapshot {left}"
        ) from error


def _refuse_in_use(session: Session, client: ApiClient, names: set[str]) -> None:
    for one in client.select(_SET, session.namespace).items:
        name = (remembered_in(one) or {}).get("snapshot")
        if name in names:
            raise MinisetsError(
                f"statefulset/{name_of(one)} is being restored from snapshot {name}: nothing was removed. "
                f"Let that end: minisets{session.flags} snapshot restore {name}"
            )


# --- which ---


def _all(client: ApiClient, namespace: str) -> list[SetSnapshot]:
    return set_snapshots(client.select(SNAPSHOT, namespace).items, client.select(SNAPSHOT_CONTENT).items)


def _find(session: Session, client: ApiClient, name: str) -> SetSnapshot | None:
    return next((one for one in _all(client, session.namespace) if one.name == name), None)


def _found(session: Session, client: ApiClient, name: str) -> SetSnapshot:
    found = _find(session, client, name)
    if found is None:
        raise MinisetsError(
            f"there is no snapshot {name} in namespace {session.namespace}: "
            f"see minisets{session.flags} snapshot list"
        )
    return found


def _named(words: Sequence[str]) -> str:
    """The name of the one statefulset that the words name."""
    named = targets(words)
    if len(named) != 1 or not named[0].name:
        raise UsageError("name one statefulset: statefulset/NAME")
    if named[0].kind.title != _SET:
        raise UsageError(f"snapshots are of statefulsets, not of {named[0].kind.plural}")
    return named[0].name


def _chosen(session: Session, client: ApiClient, words: Sequence[str]) -> Object:
    """The statefulset that is named, or the only one."""
    if words:
        return client.read(Ref(_SET, session.namespace, _named(words)))
    found = client.select(_SET, session.namespace).items
    if len(found) == 1:
        return found[0]
    if not found:
        raise MinisetsError(f"there is no statefulset in namespace {session.namespace}")
    which = ", ".join(f"statefulset/{name_of(one)}" for one in found)
    raise UsageError(f"namespace {session.namespace} has several statefulsets, name one of {which}")
