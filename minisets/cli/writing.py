"""`apply`, `create`, `delete`, `scale`: single writes, in kubectl's words. Nothing is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minisets.cli.applying import Applier, word_for
from minisets.cli.files import opened
from minisets.cli.reading import kinds_named, what_and_name
from minisets.cli.session import Session, note, say, with_session
from minisets.errors import ApiError, ManifestError, NotFound, UsageError
from minisets.objects.conversion import as_stored
from minisets.objects.kinds import Ref
from minisets.objects.metadata import ref_of

if TYPE_CHECKING:
    from minisets.client.requests import ApiClient

_FILES = click.option("-f", "--filename", "names", multiple=True, metavar="FILE|DIR|-")


def _applier(session: Session, client: ApiClient) -> Applier:
    return Applier(client, session.namespace, lambda text: note(f"Warning: {text}"))


@click.command()
@_FILES
@with_session
def apply(session: Session, names: tuple[str, ...]) -> None:
    """Create or update what the files describe."""
    if not names:
        raise UsageError("name the files: minisets apply -f FILE")
    client = session.client()
    applier = _applier(session, client)
    with opened(names) as files:
        for manifest in files:
            if (applied := applier.apply(manifest)) is not None:
                say(str(applied))


@click.command()
@_FILES
@with_session
def create(session: Session, names: tuple[str, ...]) -> None:
    """Create what the files describe; what exists already is an error."""
    if not names:
        raise UsageError("name the files: minisets create -f FILE")
    client = session.client()
    applier = _applier(session, client)
    with opened(names) as files:
        for manifest in files:
            ref = applier.ref_of(manifest)
            if ref is None:
                continue
            try:
                answer = client.create(
                    ref.kind, ref.namespace, as_stored(manifest.obj), manager="kubectl-create"
                )
            except ApiError as error:
                raise ManifestError(f"{manifest.source}:{manifest.line}: {error}") from error
            for warning in answer.warnings:
                note(f"Warning: {warning}")
            say(f"{word_for(ref)} created")


@click.command()
@click.argument("words", nargs=-1, metavar="KIND NAME...")
@_FILES
@click.option("-l", "--selector", default="", help="Objects with these labels.")
@click.option("--grace-period", default=-1, help="Seconds; 0 ends a pod at once.")
@click.option("--cascade", default="background", type=click.Choice(["background", "foreground", "orphan"]))
@with_session
def delete(
    session: Session,
    words: tuple[str, ...],
    names: tuple[str, ...],
    selector: str,
    grace_period: int,
    cascade: str,
) -> None:
    """Delete objects by file, by name or by label."""
    client = session.client()
    refs = _refs_in_files(session, client, names) if names else _refs_named(session, client, words, selector)
    missing: NotFound | None = None
    for ref in refs:
        try:
            grace = None if grace_period < 0 else grace_period
            client.delete(ref, grace=grace, propagation=cascade.capitalize())
            what, _, name = word_for(ref).partition("/")
            say(f'{what} "{name}" deleted')
        except NotFound as error:
            note(f"Error: {error}")
            missing = error
    if missing is not None:
        raise SystemExit(1)


def _refs_in_files(session: Session, client: ApiClient, names: tuple[str, ...]) -> list[Ref]:
    applier = _applier(session, client)
    with opened(names) as files:
        return [ref for manifest in files if (ref := applier.ref_of(manifest)) is not None]


def _refs_named(session: Session, client: ApiClient, words: tuple[str, ...], selector: str) -> list[Ref]:
    if not words:
        raise UsageError("say what to delete: -f FILE, KIND NAME, or KIND -l LABELS")
    what, _, name = words[0].partition("/")
    given = ([name] if name else []) + list(words[1:])
    if bool(given) == bool(selector):
        raise UsageError("name the objects, or choose them with -l: one of both")
    refs: list[Ref] = []
    for kind in kinds_named(what):
        namespace = session.namespace if kind.namespaced else ""
        if selector:
            refs += [ref_of(obj) for obj in client.select(kind.title, namespace, labels=selector).items]
        else:
            refs += [Ref(kind.title, namespace, name) for name in given]
    if not refs:
        say("No resources found")
    return refs


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="statefulset NAME")
@click.option("--replicas", type=click.IntRange(min=0), required=True)
@with_session
def scale(session: Session, words: tuple[str, ...], replicas: int) -> None:
    """Say how many pods a statefulset should have."""
    what, name = what_and_name(words)
    kind = kinds_named(what)[0]
    if not name:
        raise UsageError("say which: minisets scale statefulset NAME --replicas N")
    if kind.subresource("scale") is None:
        raise UsageError(f"{kind.plural} cannot be scaled")
    ref = Ref(kind.title, session.namespace, name)
    session.client().patch(ref, {"spec": {"replicas": replicas}}, form="merge", subresource="scale")
    say(f"{word_for(ref)} scaled")
