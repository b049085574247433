"""`rollout history|undo|restart|status`, in kubectl's words. What a rollout is: `rollouts.py`.

Kubernetes: kubectl pkg/cmd/rollout. As there, what cannot be done for one object is said and the others are
done all the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.cli import render, rollouts
from minisets.cli.applying import word_for
from minisets.cli.durations import duration
from minisets.cli.following import NotReady, Scene, until
from minisets.cli.session import Session, note, say, with_session
from minisets.cli.targets import targets
from minisets.cli.templates import template_text
from minisets.errors import MinisetsError, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import namespace_of, ref_of, timestamp, uid_of, version_of, without_managers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_WORDS = click.argument("words", nargs=-1, metavar="(TYPE NAME | TYPE/NAME)...")
_SELECTOR = click.option("-l", "--selector", default="", help="Statefulsets with these labels.")
_OUTPUT = click.option("-o", "--output", default="", type=click.Choice(["", "yaml", "json", "name"]))
_FOREVER = timedelta(days=3650)


@click.group()
@with_session
def rollout(session: Session) -> None:
    """Show, undo, repeat or await the rollout of statefulsets."""
    del session


def _chosen(
    session: Session, client: ApiClient, words: Sequence[str], selector: str
) -> Iterator[Object | MinisetsError]:
    """Each statefulset that was named, or the error that stands in its place."""
    if selector and any("/" in word for word in words):
        raise UsageError("selectors and the all flag cannot be used when passing resource/name arguments")
    for target in targets(words):
        if target.kind.title != "StatefulSet":
            raise UsageError(f"{target.kind.plural} have no rollout: name a statefulset")
        if not target.name:
            yield from client.select("StatefulSet", session.namespace, labels=selector).items
            continue
        if selector:
            raise UsageError("name cannot be provided when a selector is specified")
        try:
            yield client.read(Ref("StatefulSet", session.namespace, target.name))
        except MinisetsError as error:
            yield error


def _each(
    session: Session, client: ApiClient, words: Sequence[str], selector: str, act: Callable[[Object], None]
) -> int:
    """Act on each; how many there were. What fails is told at once, and the command fails at the end."""
    failed, found = False, 0
    for one in _chosen(session, client, words, selector):
        found += 1
        try:
            if isinstance(one, MinisetsError):
                raise one
            act({"apiVersion": "apps/v1", "kind": "StatefulSet", **one})
        except MinisetsError as error:
            note(f"Error: {error}")
            failed = True
    if failed:
        raise SystemExit(1)
    return found


def _show(statefulset: Object, output: str, done: str) -> None:
    """Kubernetes: cli-runtime pkg/printers `NamePrinter`: what was done stands after the name."""
    word = word_for(ref_of(statefulset))
    if output in ("yaml", "json"):
        form = render.as_yaml if output == "yaml" else render.as_json
        click.echo(form(without_managers(statefulset)), nl=False)
    else:
        say(word if output == "name" else f"{word} {render.plain(done)}")


def _history(client: ApiClient, statefulset: Object) -> list[Object]:
    revisions = client.select("ControllerRevision", namespace_of(statefulset)).items
    return rollouts.history_of(statefulset, revisions)


@rollout.command()
@_WORDS
@click.option("--revision", default=0, help="Print this revision's pod template.")
@_SELECTOR
@_OUTPUT
@with_session
def history(session: Session, words: tuple[str, ...], revision: int, selector: str, output: str) -> None:
    """Print the revisions of statefulsets."""
    if revision < 0:
        raise UsageError(f"revision must be a positive integer: {revision}")
    client = session.client()

    def show(statefulset: Object) -> None:
        found = _history(client, statefulset)
        if output:
            shown = [rollouts.revision_shown(found, revision)] if revision else found
            for place, one in enumerate(shown):
                if place and output == "yaml":
                    say("---")
                _show(rollouts.with_template_of(statefulset, one), output, "")
        elif revision:
            template = rollouts.with_template_of(statefulset, rollouts.revision_shown(found, revision))
            text = template_text(template["spec"]["template"])
            _show(statefulset, output, f"with revision #{revision}\n{text}")
        else:
            _show(statefulset, output, f"\n{rollouts.history_table(found)}")

    _each(session, client, words, selector, show)


@rollout.command()
@_WORDS
@click.option("--to-revision", default=0, help="The revision to return to (default: the one before).")
@click.option("--dry-run", default="none", type=click.Choice(["none", "server", "client"]))
@_SELECTOR
@_OUTPUT
@with_session
def undo(
    session: Session, words: tuple[str, ...], to_revision: int, dry_run: str, selector: str, output: str
) -> None:
    """Return to the pod template of an earlier revision."""
    client = session.client()
    suffix = {"none": "", "server": " (server dry run)", "client": " (dry run)"}[dry_run]

    def return_to(statefulset: Object) -> None:
        revision = rollouts.revision_to_return_to(_history(client, statefulset), to_revision)
        if dry_run == "client":
            template = rollouts.with_template_of(statefulset, revision)["spec"]["template"]
            done = f"will roll back to {template_text(template)}"
        elif rollouts.is_at(statefulset, revision):
            done = f"skipped rollback (current template already matches revision {to_revision})"
        else:
            client.patch(
                ref_of(statefulset), revision["data"], dry_run=dry_run == "server", manager="kubectl"
            )
            done = "rolled back"
        _show(statefulset, output, done + suffix)

    _each(session, client, words, selector, return_to)


@rollout.command()
@_WORDS
@_SELECTOR
@_OUTPUT
@with_session
def restart(session: Session, words: tuple[str, ...], selector: str, output: str) -> None:
    """Replace the pods of statefulsets, one after the other."""
    client = session.client()

    def begin(statefulset: Object) -> None:
        patch = rollouts.restart_patch(statefulset, timestamp(session.clock.now()))
        answer = client.patch(ref_of(statefulset), patch, manager="kubectl-rollout")
        _show({**statefulset, **answer.object}, output, "restarted")

    if not _each(session, client, words, selector, begin):
        note(f"No resources found in {session.namespace} namespace.")


class _Status(click.Command):
    """`-w`, `--watch`, `-w=false`: kubectl's flags may have a value, which never is the next word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [self._with_value(word) for word in args])

    @staticmethod
    def _with_value(word: str) -> str:
        name, _, value = word.partition("=")
        return f"--watch={value or 'true'}" if name in ("-w", "--watch") else word


@rollout.command(cls=_Status)
@_WORDS
@click.option("-w", "--watch", default=True, type=bool, metavar="BOOL", help="Wait until it is done.")
@click.option("--timeout", default="0", callback=duration, help="How long to wait; 0: for ever.")
@click.option("--revision", default=0, help="Accepted as kubectl has it; statefulsets do not look at it.")
@_SELECTOR
@with_session
def status(
    session: Session, words: tuple[str, ...], timeout: timedelta, revision: int, selector: str, *, watch: bool
) -> None:
    """Print how far a rollout is, until it is done."""
    if revision < 0:
        raise UsageError(f"revision must be a positive integer: {revision}")
    client = session.client()

    def tell(statefulset: Object) -> None:
        if not watch:
            say(rollouts.progress(statefulset).line)
            return
        _await(session, client, statefulset, timeout or _FOREVER)

    if not _each(session, client, words, selector, tell):
        note(f"No resources found in {session.namespace} namespace.")


def _await(session: Session, client: ApiClient, statefulset: Object, timeout: timedelta) -> None:
    """A line for each change, until the last."""
    ref, told = ref_of(statefulset), 0

    def is_done(scene: Scene) -> bool:
        nonlocal told
        found = scene.get(ref)
        if found is None or uid_of(found) != uid_of(statefulset):
            raise MinisetsError("object has been deleted")
        seen = rollouts.progress(found)
        if version_of(found) != told:
            told = version_of(found)
            say(seen.line)
        return seen.is_done

    try:
        until(client, ref.namespace, is_done, timeout=timeout, clock=session.clock, kinds=("StatefulSet",))
    except NotReady as error:
        raise MinisetsError("timed out waiting for the condition") from error
