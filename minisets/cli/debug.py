"""`debug`: a container added to a pod that runs, to look around in it.

    patch the pod -> wait until the container runs, or why it does not -> attach (with -i)

Decides what the container is like, by profile. Leaves running it to the kubelet, the session to `attach.py`.
Kubernetes: kubectl pkg/cmd/debug, of which copies of pods and nodes are not here. Differs: what is fed by a
pipe ends with its input (`stdinOnce`); in kubectl that input's end cuts off the output.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from minisets.cli.attach import be_at, say_how_to_resume
from minisets.cli.following import NotReady, Scene, until
from minisets.cli.pod_targets import container_of, pod_named
from minisets.cli.session import Session, note, with_session
from minisets.errors import MinisetsError, UsageError
from minisets.objects.metadata import name_of, namespace_of, ref_of, spec_of, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes: apimachinery pkg/util/rand: no word comes out of these."""
_PASSING = frozenset(("", "ContainerCreating", "PodInitializing"))
PROFILES: dict[str, Any] = {
    "general": {"capabilities": {"add": ["SYS_PTRACE"]}},
    "baseline": None,
    "restricted": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "netadmin": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}},
    "sysadmin": {"privileged": True},
    "legacy": None,
}
"""Kubernetes: kubectl pkg/cmd/debug profiles.go, as they are for an ephemeral container."""


@click.command()
@click.option("-c", "--container", default="", help="The new container's name (default: debugger-xxxxx).")
@click.option("--image", required=True, help="What it runs.")
@click.option("--target", "shares", default="", metavar="CONTAINER", help="See this container's processes.")
@click.option("-i", "--stdin", is_flag=True, help="Be at it, and pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give it a terminal.")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="An environment variable; several times.")
@click.option(
    "--image-pull-policy",
    default=None,
    type=click.Choice(["Always", "IfNotPresent", "Never"]),
    help="When to pull.",
)
@click.option(
    "--profile",
    default="general",
    show_default=True,
    type=click.Choice(list(PROFILES)),
    help="What it may do.",
)
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait until it runs.")
@click.option("-q", "--quiet", is_flag=True, help="Print what it prints, and nothing else.")
@click.argument("target", metavar="POD | KIND/NAME")
@click.argument("argv", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
@with_session
def debug(session: Session, target: str, argv: tuple[str, ...], *, quiet: bool, **wanted: Any) -> None:
    """Add a container to a pod that runs, to look around in it. It stays in the pod's spec."""
    if wanted["tty"] and not wanted["stdin"]:
        raise UsageError("-i/--stdin is required for containers with -t/--tty=true")
    access = session.access()
    client = session.client(access)
    pod = pod_named(client, session.namespace, target)
    if wanted["shares"]:
        container_of(pod, wanted["shares"])
    made = debugger(argv, **wanted)
    if not wanted["container"] and not quiet:
        note(f"Defaulting debug container name to {made['name']}.")
    client.patch(ref_of(pod), addition(pod, made), subresource="ephemeralcontainers")
    if not wanted["stdin"]:
        return
    state = _begun(session, client, pod, made["name"], timedelta(seconds=wanted["timeout"]))
    if "terminated" in state:
        _print_log(client, pod, made["name"])
    elif be_at(access, pod, made, stdin=True, tty=wanted["tty"], quiet=quiet) and not quiet:
        say_how_to_resume(session, pod, made["name"], for_debugging=True)
    client.close()


def debugger(argv: Sequence[str], **wanted: Any) -> Object:
    """The container to be added."""
    made = {
        "name": wanted["container"] or "debugger-" + "".join(random.choices(_LETTERS, k=5)),
        "image": wanted["image"],
        "command": list(argv),
        "env": [_variable(text) for text in wanted["env"]],
        "imagePullPolicy": wanted["image_pull_policy"],
        "securityContext": PROFILES[wanted["profile"]],
        "stdin": wanted["stdin"],
        "stdinOnce": wanted["stdin"] and not wanted["tty"],
        "targetContainerName": wanted["shares"],
        "terminationMessagePolicy": "File",
        "tty": wanted["tty"],
    }
    return {key: value for key, value in made.items() if value}


def addition(pod: Object, made: Object) -> Object:
    """The patch, by which it comes after those that are there."""
    names = [one["name"] for one in spec_of(pod).get("ephemeralContainers") or ()]
    order = [{"name": name} for name in (*names, made["name"])]
    return {"spec": {"$setElementOrder/ephemeralContainers": order, "ephemeralContainers": [made]}}


def _variable(text: str) -> Object:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f'--env "{text}": write NAME=VALUE')
    return {"name": name, "value": value}


def _begun(session: Session, client: ApiClient, pod: Object, name: str, within: timedelta) -> Object:
    """Its state once it runs or has ended; MinisetsError says why it does not begin."""

    def seen(scene: Scene) -> Object:
        now = scene.get(ref_of(pod))
        if now is None:
            raise MinisetsError(f"pod {name_of(pod)} is gone: nothing can be debugged in it")
        return state_of(now, name)

    see = f"see `minisets{session.flags} describe pod {name_of(pod)}`"
    try:
        scene = until(
            client,
            namespace_of(pod),
            lambda scene: is_decided(seen(scene)),
            timeout=within,
            clock=session.clock,
            kinds=("Pod",),
        )
    except NotReady as error:
        raise MinisetsError(
            f"container {name} does not run within {within.total_seconds():g} s; {see}"
        ) from error
    state = seen(scene)
    if waiting := state.get("waiting"):
        said = ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
        raise MinisetsError(f"container {name} does not begin: {said}; {see}")
    return state


def state_of(pod: Object, name: str) -> Object:
    """Of an ephemeral container; nothing as long as nobody has seen it."""
    every = status_of(pod).get("ephemeralContainerStatuses") or ()
    return next((one.get("state") or {} for one in every if one.get("name") == name), {})


def is_decided(state: Object) -> bool:
    """Whether it runs, has ended, or is kept from it."""
    waiting = state.get("waiting")
    return bool(state) and (waiting is None or waiting.get("reason", "") not in _PASSING)


def _print_log(client: ApiClient, pod: Object, name: str) -> None:
    """Of one that ended before anybody could be at it."""
    for piece in client.logs(ref_of(pod), {"container": name}):
        click.echo(piece, nl=False)
