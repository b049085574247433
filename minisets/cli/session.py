"""What every command starts from: which cluster, which namespace, the client. And the shared options."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minisets.client.requests import ApiClient
from minisets.clock import SystemClock
from minisets.cluster.control import Control
from minisets.cluster.places import Places, places
from minisets.settings import DEFAULT_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from minisets.client.access import Access


@dataclass(frozen=True)
class Session:
    """One invocation of the command line."""

    cluster: str
    namespace: str
    clock: SystemClock

    @property
    def places(self) -> Places:
        """Where the cluster's files lie."""
        return places(self.cluster, Path.home(), os.environ)

    @property
    def control(self) -> Control:
        """The cluster's control plane."""
        return Control(self.places, self.clock, pause, note)

    def access(self) -> Access:
        """How to reach the server; one that should run and does not is brought back."""
        return self.control.reach()

    def client(self, access: Access | None = None) -> ApiClient:
        """A client of the server."""
        command = f"minisets {click.get_current_context().command.name}"
        return ApiClient(access or self.access(), command=command)

    @property
    def flags(self) -> str:
        """What must be typed again to mean this cluster and namespace."""
        cluster = f" --cluster {self.cluster}" if self.cluster != DEFAULT_CLUSTER else ""
        return cluster + (f" -n {self.namespace}" if self.namespace != "default" else "")


def own_kubeconfig() -> Path:
    """The person's own: the first that KUBECONFIG names, else kubectl's default."""
    named = [name for name in os.environ.get("KUBECONFIG", "").split(os.pathsep) if name]
    return Path(named[0]).expanduser() if named else Path.home() / ".kube/config"


def pause(duration: timedelta) -> None:
    """Sleep; only for waits on another process that sends no event."""
    time.sleep(duration.total_seconds())


def with_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `-n` and `--cluster`, also for its subcommands, and a Session as its first argument."""

    @click.option("-n", "--namespace", default="", metavar="NAME", help="Namespace (default: default).")
    @click.option(
        "--cluster", default="", metavar="NAME", help="Cluster (default: minisets, or $MINISETS_CLUSTER)."
    )
    @click.pass_context
    @wraps(command)
    def wrapped(context: click.Context, /, *args: Any, namespace: str, cluster: str, **kwargs: Any) -> Any:
        given: dict[str, str] = context.obj or {}
        session = Session(
            cluster=cluster or given.get("cluster") or DEFAULT_CLUSTER,
            namespace=namespace or given.get("namespace") or "default",
            clock=SystemClock(),
        )
        context.obj = {"namespace": session.namespace, "cluster": session.cluster}
        return command(session, *args, **kwargs)

    return wrapped


def say(line: str) -> None:
    """A line of result."""
    click.echo(line)


def note(line: str) -> None:
    """A line beside the result: on stderr."""
    click.echo(line, err=True)


def is_terminal() -> bool:
    """Whether both ends are a person's."""
    return sys.stdin.isatty() and sys.stdout.isatty()
