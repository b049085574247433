"""`explain`: what a statefulset does next, or what it waits for and how to go on.

Reads through the API what `controllers/statefulset/explain/` makes its sentences from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minisets.api.ages import duration
from minisets.cli.node_rows import (
    held_pods,
    is_out_of_service,
    said_of_held,
    said_of_volumes,
    stopped_how,
)
from minisets.cli.render import plain
from minisets.cli.session import Session, say, with_session
from minisets.cli.targets import targets
from minisets.controllers.statefulset.explain import concerned, explained
from minisets.controllers.statefulset.observe import observe
from minisets.controllers.statefulset.plan import plan
from minisets.errors import NotFound, UsageError
from minisets.objects.kinds import by_word
from minisets.objects.metadata import name_of
from minisets.objects.owners import is_controlled_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object, Ref


@click.command()
@click.argument("words", nargs=-1, metavar="(statefulset NAME | statefulset/NAME)...")
@with_session
def explain(session: Session, words: tuple[str, ...]) -> None:
    """Say what a statefulset does next, or what it waits for and how to unstick it."""
    names = _names(words)
    client = session.client()
    for place, name in enumerate(names):
        if place:
            say("")
        for line in _lines(session, client, name):
            say(plain(line))


def _names(words: Sequence[str]) -> list[str]:
    """The statefulsets that were named; UsageError where fields are asked for, as of kubectl's."""
    if len(words) == 1 and "/" not in words[0] and by_word(words[0].partition(".")[0]) is not None:
        raise UsageError(
            f"`kubectl explain {words[0]}` shows fields; this one takes a name, and says what that "
            "statefulset does: minisets explain statefulset/NAME"
        )
    found = targets(words)
    for target in found:
        if target.kind.title != "StatefulSet":
            said = f"minisets describe {target.kind.singular} {target.name}".strip()
            raise UsageError(f"{target.kind.plural} have no plan to explain: see `{said}`")
    return [target.name for target in found]


def _lines(session: Session, client: ApiClient, name: str) -> tuple[str, ...]:
    observed = observe(client, session.namespace, name, session.clock.now())
    if observed is None:
        raise NotFound(f'statefulsets.apps "{name}" not found')
    planned = plan(observed)
    events = [event for ref in concerned(observed, planned) for event in _events(client, ref)]
    said = explained(observed, planned, events, duration, session.flags)
    ours = [pod for pod in observed.pods if is_controlled_by(pod, observed.statefulset)]
    return (*said, *_of_nodes(session, ours, events, client.select("Node").items))


def _of_nodes(
    session: Session, pods: Sequence[Object], events: Sequence[Object], nodes: Sequence[Object]
) -> Iterator[str]:
    """What stopped nodes hold up: pods that do not end, and volumes that are attached there."""
    for pod, node in held_pods(pods, nodes):
        yield said_of_held(pod, node, session.flags)
    if any(event.get("reason") == "FailedAttachVolume" for event in events):
        for node in nodes:
            if stopped_how(node) and not is_out_of_service(node):
                yield f"node {name_of(node)} is stopped: {said_of_volumes(name_of(node))}"


def _events(client: ApiClient, ref: Ref) -> Sequence[Object]:
    fields = f"involvedObject.kind={ref.kind},involvedObject.name={ref.name}"
    return client.select("Event", ref.namespace, fields=fields).items
