"""`delete-pod`, and what it says of the pods that come back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from minisets.cli import following
from minisets.cli.following import NotReady, Scene, is_ready
from minisets.cli.node_rows import held_pods, is_out_of_service, said_of_held, said_of_volumes
from minisets.cli.session import Session, note, say, with_session
from minisets.controllers.statefulset.identity import first_ordinal, ordinal_of, replicas_of
from minisets.errors import MinisetsError, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, ref_of, status_of, uid_of
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_FORCED = (
    "Immediate deletion does not wait for confirmation that the running resource has been terminated. "
    "The resource may continue to run on the cluster indefinitely."
)
"""Kubernetes: kubectl pkg/cmd/delete."""


@click.command("delete-pod")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("-l", "--selector", default="", help="Delete the pods with these labels.")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait for the replacements.")
@click.option("--no-wait", is_flag=True, help="Return once the pods are marked.")
@click.option("--force", is_flag=True, help="At once, without waiting for the node: it may be away.")
@with_session
def delete_pod(
    session: Session, names: tuple[str, ...], selector: str, timeout: float, *, no_wait: bool, force: bool
) -> None:
    """Delete pods; those of a statefulset come back with the same name and data."""
    client = session.client()
    pods = _chosen(client, session.namespace, names, selector)
    held = held_pods(pods, client.select("Node").items)
    for line in _forced(held) if force else (said_of_held(pod, node, session.flags) for pod, node in held):
        note(line)
    done = "force deleted" if force else "deleted"
    for pod in pods:
        client.delete(ref_of(pod), uid=uid_of(pod), grace=0 if force else None)
        if no_wait:
            say(f'pod "{name_of(pod)}" {done}')
    if no_wait:
        return
    limit = timedelta(seconds=timeout)
    told: set[str] = set()

    def saw(scene: Scene) -> None:
        for pod in pods:
            _tell(scene, pod, done, told)
            if f"{name_of(pod)} gone" not in told:
                break  # told in the order in which they were chosen: it reads the same each time

    try:
        following.until(
            client,
            session.namespace,
            lambda scene: all(_is_replaced(scene, pod) for pod in pods),
            timeout=limit,
            clock=session.clock,
            saw=saw,
        )
    except NotReady as error:
        behind = ", ".join(name_of(pod) for pod in pods if not _is_replaced(error.scene, pod))
        raise MinisetsError(
            f"not back within {timeout:g} s: {behind}; see `minisets{session.flags} get pods`"
        ) from error


def _forced(held: Sequence[tuple[Object, Object]]) -> Iterator[str]:
    """What to know of pods that go whether their nodes are there or not."""
    yield f"Warning: {_FORCED}"
    for node in {name_of(node): node for _, node in held}.values():
        if not is_out_of_service(node):
            yield f"node {name_of(node)} is stopped: {said_of_volumes(name_of(node))}"


def _chosen(client: ApiClient, namespace: str, names: Sequence[str], selector: str) -> list[Object]:
    if bool(names) == bool(selector):
        raise UsageError("name the pods, or choose them with -l: one of both")
    if names:
        return [client.read(Ref("Pod", namespace, name.removeprefix("pod/"))) for name in names]
    pods = list(client.select("Pod", namespace, labels=selector).items)
    if not pods:
        raise MinisetsError(f'no pod in namespace "{namespace}" matches -l {selector}: nothing was deleted')
    return pods


def _replacement(scene: Scene, pod: Object) -> Object | None:
    """The pod of that name with another uid."""
    found = scene.get(ref_of(pod))
    return found if found is not None and uid_of(found) != uid_of(pod) else None


def _will_return(scene: Scene, pod: Object) -> bool:
    """Whether its statefulset still wants the ordinal."""
    controller = controller_of(pod)
    if controller is None or controller["kind"] != "StatefulSet":
        return False
    statefulset = scene.get(Ref("StatefulSet", ref_of(pod).namespace, controller["name"]))
    if statefulset is None or uid_of(statefulset) != controller["uid"]:
        return False
    ordinal = ordinal_of(statefulset, pod)
    first = first_ordinal(statefulset)
    return ordinal is not None and first <= ordinal < first + replicas_of(statefulset)


def _is_replaced(scene: Scene, pod: Object) -> bool:
    found = scene.get(ref_of(pod))
    if found is not None and uid_of(found) == uid_of(pod):
        return False
    if not _will_return(scene, pod):
        return True
    return found is not None and is_ready(found)


def _tell(scene: Scene, pod: Object, done: str, told: set[str]) -> None:
    """Say once that a pod is gone, and once that its successor is Ready."""
    name = name_of(pod)
    found = scene.get(ref_of(pod))
    if f"{name} gone" not in told and (found is None or uid_of(found) != uid_of(pod)):
        told.add(f"{name} gone")
        say(f'pod "{name}" {done}')
    new = _replacement(scene, pod)
    if f"{name} back" not in told and new is not None and is_ready(new):
        told.add(f"{name} back")
        was, now = status_of(pod).get("podIP", "no address"), status_of(new).get("podIP", "no address")
        say(f"pod/{name} is Ready again at {now} (was {was})")
