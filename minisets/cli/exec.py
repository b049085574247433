"""`exec`: a command in a container, with a person's terminal or between pipes. Its exit code is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minisets.cli import terminal
from minisets.cli.pod_targets import container_of, pod_named
from minisets.cli.session import Session, note, with_session
from minisets.client import streams
from minisets.errors import MinisetsError
from minisets.objects.metadata import name_of, status_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


@click.command("exec")
@click.option("-c", "--container", default="", help="Container (default: the pod's default one).")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@click.option("-q", "--quiet", is_flag=True, help="Print what the command prints, and nothing else.")
@click.argument("target", metavar="POD | KIND/NAME")
@click.argument("argv", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
@with_session
def exec_(
    session: Session,
    target: str,
    argv: tuple[str, ...],
    container: str,
    *,
    stdin: bool,
    tty: bool,
    quiet: bool,
) -> None:
    """Run a command in a container; its exit code is ours.

    KIND/NAME: also a statefulset or service, whose first pod is meant.
    """
    access = session.access()
    client = session.client(access)
    pod = pod_named(client, session.namespace, target)
    if is_terminal(pod):
        raise MinisetsError(completed("exec into", pod))
    name = container_of(pod, container, quiet=quiet)["name"]
    client.close()
    tty = terminal.can_be_lent(stdin=stdin, tty=tty, quiet=quiet)
    with terminal.ending_well():
        command = streams.Command(session.namespace, name_of(pod), argv, name, tty)
        code = terminal.join(streams.run(access, command, stdin=stdin), stdin=stdin, tty=tty)
    if code:
        note(f"command terminated with exit code {code}")
    raise SystemExit(code)


def completed(doing: str, pod: Object) -> str:
    """Kubernetes: kubectl pkg/cmd/exec, pkg/cmd/attach."""
    phase = status_of(pod).get("phase")
    return f"cannot {doing} a container in a completed pod; current phase is {phase}"
