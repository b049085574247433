"""`attach`: be at a container's own program, with a person's terminal or between pipes.

Decides what is said before and after, and that 0 is its code, whatever the program ended with. Leaves the
terminal to `terminal.py`. Kubernetes: kubectl pkg/cmd/attach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minisets.cli import terminal
from minisets.cli.exec import completed
from minisets.cli.pod_targets import container_of, pod_named
from minisets.cli.session import Session, note, say, with_session
from minisets.client import streams
from minisets.errors import MinisetsError
from minisets.objects.metadata import name_of, namespace_of, spec_of
from minisets.objects.pods import is_terminal

if TYPE_CHECKING:
    from minisets.client.access import Access
    from minisets.objects.kinds import Object


@click.command()
@click.option("-c", "--container", default="", help="Container (default: the pod's default one).")
@click.option("-i", "--stdin", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Our terminal is the container's.")
@click.option("-q", "--quiet", is_flag=True, help="Print what the container prints, and nothing else.")
@click.argument("target", metavar="POD | KIND/NAME")
@with_session
def attach(session: Session, target: str, container: str, *, stdin: bool, tty: bool, quiet: bool) -> None:
    """Be at what a container runs, until it ends.

    KIND/NAME: also a statefulset or service, whose first pod is meant.
    """
    access = session.access()
    client = session.client(access)
    pod = pod_named(client, session.namespace, target)
    if is_terminal(pod):
        raise MinisetsError(completed("attach", pod))
    chosen = container_of(pod, container, quiet=quiet)
    client.close()
    if be_at(access, pod, chosen, stdin=stdin, tty=tty, quiet=quiet) and not quiet:
        added = [one["name"] for one in spec_of(pod).get("ephemeralContainers") or ()]
        say_how_to_resume(session, pod, chosen["name"], for_debugging=chosen["name"] in added)


def be_at(access: Access, pod: Object, container: Object, *, stdin: bool, tty: bool, quiet: bool) -> bool:
    """Until the container ends; whether a person was at its terminal."""
    name = container["name"]
    if stdin and not container.get("stdin"):
        stdin = False
        if not quiet:
            note(f"container {name} takes no input: `stdin: true` in its spec would let it")
    if tty and not container.get("tty") and not quiet:
        note(f"error: Unable to use a TTY - container {name} did not allocate one")
    at_terminal = terminal.can_be_lent(stdin=stdin, tty=bool(container.get("tty")), quiet=quiet or not tty)
    if stdin and not quiet:
        note("If you don't see a command prompt, try pressing enter.")
    with terminal.ending_well():
        attachment = streams.Attachment(namespace_of(pod), name_of(pod), name, at_terminal)
        running = streams.attach(access, attachment, stdin=stdin)
        terminal.join(running, stdin=stdin, tty=at_terminal, redraws=True)
    return at_terminal


def say_how_to_resume(session: Session, pod: Object, container: str, *, for_debugging: bool = False) -> None:
    """Where the container may be there again, or still."""
    if spec_of(pod).get("restartPolicy", "Always") != "Always":
        return
    again = f"'minisets{session.flags} attach {name_of(pod)} -c {container} -i -t'"
    if for_debugging:
        say(
            "Session ended, the ephemeral container will not be restarted but may be reattached using "
            f"{again} if it is still running"
        )
    else:
        say(f"Session ended, resume using {again} command when the pod is running")
