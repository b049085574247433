"""`logs`: of a container, of a pod's, of a statefulset's replicas, of a selector's pods; kubectl's options.

Decides what was asked for and in which order it is printed; leaves whose log is meant to `log_choice.py`, how
a line looks to `log_lines.py`, and what is followed over restarts to `log_following.py`.
"""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import click

from minisets.cli import log_choice, log_lines, pod_containers
from minisets.cli.applying import word_for
from minisets.cli.durations import duration
from minisets.cli.following import Interest
from minisets.cli.log_following import Wanted, followed
from minisets.cli.pod_targets import selector_of
from minisets.cli.reading import kinds_named
from minisets.cli.session import Session, note, with_session
from minisets.client.requests import Unreachable
from minisets.errors import MinisetsError, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import moment, name_of, ref_of, uid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from minisets.objects.kinds import Object

_EXPECTED = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]': POD or TYPE/NAME is a required argument for "
    "the logs command; of the cluster's server, say --control-plane"
)
_TAIL_OF_SELECTED = 10
"""Kubernetes: kubectl pkg/cmd/logs `selectorTail`."""


@dataclass(frozen=True)
class Asked:
    """The options, as they were typed."""

    follow: bool
    container: str
    all_containers: bool
    previous: bool
    tail: int | None
    since: timedelta
    since_time: str
    limit_bytes: int
    timestamps: bool
    selector: str
    every_pod: bool
    prefix: bool
    control_plane: bool

    @property
    def is_followed_on(self) -> bool:
        """Whether restarts and new pods are followed: kubectl's own `-f POD` ends with the container."""
        several = self.every_pod or bool(self.selector) or self.all_containers
        return self.follow and several and not self.previous

    def query(self) -> dict[str, str]:
        """What of each log is wanted."""
        tail = _TAIL_OF_SELECTED if self.tail is None and self.selector else self.tail
        return {
            "tailLines": str(tail) if tail is not None and tail >= 0 else "",
            "sinceSeconds": str(math.ceil(self.since.total_seconds())) if self.since else "",
            "sinceTime": self.since_time,
        }


@click.command()
@click.argument("words", nargs=-1, metavar="[POD | TYPE/NAME] [CONTAINER]")
@click.option("--control-plane", is_flag=True, help="Of the cluster's server, from all its starts; no pod.")
@click.option("-c", "--container", default="", help="Container (default: the pod's default one).")
@click.option("--all-containers", is_flag=True, help="Of all containers of the pod.")
@click.option("-l", "--selector", default="", help="Of the pods with these labels.")
@click.option(
    "--all",
    "--all-pods",
    "every_pod",
    is_flag=True,
    help="With a statefulset: of all its replicas, each line behind [POD].",
)
@click.option("-f", "--follow", is_flag=True, help="Go on printing; of several, over restarts and new pods.")
@click.option("-p", "--previous", is_flag=True, help="The container that ran before the last restart.")
@click.option("--tail", type=int, metavar="N", help="Only the last lines (default: all; 10 with -l).")
@click.option("--since", default="0", callback=duration, metavar="5m", help="Only what is newer than this.")
@click.option(
    "--since-time", default="", metavar="TIME", help="Only what is newer than 2026-01-02T15:04:05Z."
)
@click.option("--limit-bytes", default=0, help="Only so many bytes of each log.")
@click.option("--timestamps", is_flag=True, help="With times.")
@click.option("--prefix", is_flag=True, help="Each line behind [pod/POD/CONTAINER].")
@with_session
def logs(session: Session, words: tuple[str, ...], **given: Any) -> None:
    """Print containers' logs."""
    asked = _checked(words, Asked(**given))
    if asked.control_plane:
        _print(session.control.log(follow=asked.follow, tail=asked.tail))
        return
    _Logs(session, asked).print(words[0] if words else "")


def _checked(words: Sequence[str], given: Asked) -> Asked:
    """The options, a container among the words taken in; UsageError for what makes no sense together."""
    if (bool(words) or bool(given.selector)) and given.control_plane:
        raise UsageError("name a pod, or say --control-plane: one of both")
    if len(words) > 2 or not (words or given.selector or given.control_plane):
        raise UsageError(_EXPECTED)
    if words and given.selector:
        raise UsageError("only a selector (-l) or a POD name is allowed")
    if len(words) == 2 and given.container:
        raise UsageError("only one of -c or an inline [CONTAINER] arg is allowed")
    container = words[1] if len(words) == 2 else given.container
    if given.all_containers and container:
        raise UsageError(f"--all-containers=true should not be specified with container name {container}")
    if given.since_time and given.since:
        raise UsageError("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if given.limit_bytes < 0:
        raise UsageError("--limit-bytes must be greater than 0")
    if given.tail is not None and given.tail < -1:
        raise UsageError("--tail must be greater than or equal to -1")
    if given.since_time:
        _refuse_no_time(given.since_time)
    return replace(
        given, container=container, tail=None if given.tail == -1 and not given.selector else given.tail
    )


def _refuse_no_time(text: str) -> None:
    try:
        moment(text)
    except ValueError as error:
        raise UsageError(f'--since-time "{text}" is no time: write it as 2026-01-02T15:04:05Z') from error


class _Logs:
    """One invocation: which logs, and how they are printed."""

    def __init__(self, session: Session, asked: Asked) -> None:
        self._session = session
        self._namespace = session.namespace
        self._client = session.client()
        self._asked = asked
        self._colours = _has_colours()
        self._said: set[str] = {""}

    def print(self, word: str) -> None:
        """Of what the word names, or of what the selector chooses."""
        if not word:
            self._print_selected(self._asked.selector, None)
            return
        what, slash, name = word.partition("/")
        kind = kinds_named(what)[0].title if slash else "Pod"
        ref = Ref(kind, self._namespace, name if slash else what)
        if kind not in ("Pod", "StatefulSet", "Service"):
            raise UsageError(f"cannot get the logs from {word}: it has no pods of its own")
        obj = {**self._client.read(ref), "kind": kind}
        if kind == "Pod":
            self._print_pod(obj)
            return
        selector = selector_of(obj)
        if not selector:
            raise MinisetsError(f"{word_for(ref)} has no selector: name the pods, or choose them with -l")
        owner = ref if kind == "StatefulSet" else None
        if self._asked.every_pod:
            self._print_selected(selector, owner)
            return
        pods = self._pods(selector, owner)
        if not pods:
            seen = f"minisets{self._session.flags} describe {kind.lower()} {ref.name}"
            raise MinisetsError(f"{word_for(ref)} has no pods: see `{seen}`")
        pod = log_choice.first_pod(pods)
        if len(pods) > 1:
            note(f"Found {len(pods)} pods, using pod/{name_of(pod)}")
        self._print_pod(pod)

    def _pods(self, selector: str, owner: Ref | None) -> list[Object]:
        found = self._client.select("Pod", self._namespace, labels=selector).items
        return sorted((pod for pod in found if _is_meant(pod, owner)), key=pod_containers.by_ordinal)

    def _print_pod(self, pod: Object) -> None:
        if not self._asked.is_followed_on:
            self._print_each([pod])
            return
        interest = Interest("Pod", fields=f"metadata.name={name_of(pod)}")
        self._follow(interest, None, pod)

    def _print_selected(self, selector: str, owner: Ref | None) -> None:
        pods = self._pods(selector, owner)
        if not pods and not (owner and self._asked.is_followed_on):
            note(f"No resources found in {self._namespace} namespace.")
        elif self._asked.is_followed_on:
            self._follow(Interest("Pod", labels=selector), owner, None)
        else:
            self._print_each(pods)

    # --- one after another ---

    def _print_each(self, pods: Sequence[Object]) -> None:
        """Each log whole; what cannot be had is told, and the others are printed all the same."""
        wanted = [(pod, container) for pod in pods for container in self._containers(pod)]
        failed = False
        for pod, container in wanted:
            prefix = self._prefix(pod, container)
            try:
                pieces = self._client.logs(ref_of(pod), self._query(container))
                is_alone = len(wanted) == 1 and not prefix
                _print(pieces if is_alone else log_lines.joined(pieces, prefix))
            except MinisetsError as error:
                if len(wanted) == 1 or isinstance(error, Unreachable):
                    raise
                note(f"Error: {error}")
                failed = True
        if failed:
            raise SystemExit(1)

    def _query(self, container: str) -> dict[str, str]:
        asked = self._asked
        return {
            **asked.query(),
            "container": container,
            "follow": "true" if asked.follow else "",
            "previous": "true" if asked.previous else "",
            "timestamps": "true" if asked.timestamps else "",
            "limitBytes": str(asked.limit_bytes or ""),
        }

    # --- all at once ---

    def _follow(self, pods: Interest, owner: Ref | None, only: Object | None) -> None:
        wanted = Wanted(
            namespace=self._namespace,
            pods=pods,
            owner=owner,
            goes_on=only is None,
            accepts=lambda pod: _is_meant(pod, owner) if only is None else uid_of(pod) == uid_of(only),
            containers=self._containers,
            shape=lambda pod, name: log_lines.Shape(self._prefix(pod, name), self._asked.timestamps),
            query=self._asked.query(),
            limit=self._asked.limit_bytes or None,
        )
        with followed(self._client, self._session.clock, wanted, note) as lines:
            _print(lines)

    # --- of each ---

    def _containers(self, pod: Object) -> list[str]:
        if self._asked.all_containers:
            return pod_containers.container_names(pod)
        if self._asked.container:
            return [pod_containers.named_container(pod, self._asked.container)]
        name, said = pod_containers.default_container(pod)
        for remark in (pod_containers.missing_default(pod), said):
            if remark not in self._said:
                self._said.add(remark)
                note(remark)
        return [name]

    def _prefix(self, pod: Object, container: str) -> bytes:
        colour = _colour(pod) if self._colours else None
        if self._asked.prefix:
            return log_lines.long_prefix(name_of(pod), container, colour)
        if self._asked.every_pod:
            told = container if self._asked.all_containers else ""
            return log_lines.short_prefix(name_of(pod), told, colour)
        return b""


def _is_meant(pod: Object, owner: Ref | None) -> bool:
    return owner is None or log_choice.is_of(pod, owner.kind, owner.name)


def _colour(pod: Object) -> int:
    """Its ordinal, so that it has the same one always; else whatever its name makes."""
    name, number = pod_containers.by_ordinal(pod)
    return number if number >= 0 else crc32(name.encode())


def _has_colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print(pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
