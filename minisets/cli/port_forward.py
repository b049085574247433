"""`port-forward`: local ports carried to a pod's, until Ctrl-C.

Differs: a connection that is refused does not end it, as it does kubectl. A pod that was replaced under its
name, as a statefulset's is, has the next connection: kubectl ends with the pod that it began with.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import click

from minisets.cli.pod_targets import owner_named, pod_of
from minisets.cli.ports import ports_named
from minisets.cli.session import Session, note, say, with_session
from minisets.client.forwarding import Deaf, Failed, Listening, Taken, forward
from minisets.errors import MinisetsError, UsageError
from minisets.objects.metadata import ref_of, status_of

if TYPE_CHECKING:
    from minisets.client.forwarding import Happening


@click.command("port-forward")
@click.option(
    "--address",
    "addresses",
    default="localhost",
    show_default=True,
    metavar="ADDRESS,...",
    help="Where to listen: addresses of this machine.",
)
@click.argument("target", metavar="POD | KIND/NAME")
@click.argument("words", nargs=-1, required=True, metavar="[LOCAL:]REMOTE...")
@with_session
def port_forward(session: Session, target: str, words: tuple[str, ...], addresses: str) -> None:
    """Carry local ports to a pod's, until Ctrl-C.

    KIND/NAME: also a statefulset or service, whose first pod is meant. REMOTE is a number or a name; :REMOTE
    takes a free local port.
    """
    where = _addresses(addresses)
    access = session.access()
    client = session.client(access)
    owner = owner_named(client, session.namespace, target)
    pod = pod_of(client, session.namespace, owner)
    phase = status_of(pod).get("phase")
    if phase != "Running":
        raise MinisetsError(f"unable to forward port because pod is not running. Current status={phase}")
    ports = ports_named(words, owner, pod)
    client.close()
    try:
        forward(access, ref_of(pod), ports, where, _tell)
    except KeyboardInterrupt:
        raise SystemExit(0) from None  # Kubernetes: kubectl's way to end it, and no failure


def _addresses(text: str) -> list[str]:
    found = list(filter(None, text.split(",")))
    for one in found:
        try:
            if one != "localhost":
                ipaddress.ip_address(one)
        except ValueError as error:
            raise UsageError(f'--address "{one}" is no address: write an IP address, or localhost') from error
    if not found:
        raise UsageError("--address needs an IP address, or localhost")
    twice = ("127.0.0.1", "::1") if "localhost" in found else ()
    return [one for one in dict.fromkeys(found) if one not in twice]


def _tell(happening: Happening) -> None:
    match happening:
        case Listening(address, ports):
            say(f"Forwarding from {address}:{ports.local} -> {ports.remote}")
        case Taken(ports):
            say(f"Handling connection for {ports.local}")
        case Deaf(ports, reason):
            note(f"Unable to listen on port {ports.local}: {reason}")
        case Failed(ports, reason):
            note(f"an error occurred forwarding {ports.local} -> {ports.remote}: {reason}")
