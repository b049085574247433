"""Puts a snapshot back into its statefulset, step by step; each is on record before the next begins.

    ask -> to 0 replicas, remembered in an annotation -> pods gone -> each claim asked to be put back (the
    kubelet does it, and holds its pods off meanwhile) -> all put back -> to what it was -> Ready

Killed anywhere and typed again it goes on: until the last write the claims stay held or the set stays at 0.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from minisets.cli.asking import ask
from minisets.cli.following import NotReady, Scene, are_ready, until, what_is_missing
from minisets.cli.session import say
from minisets.cli.snapshots import (
    is_made_from,
    missing_claim,
    refuse_unready,
    remembered_in,
    started,
    stopped,
)
from minisets.cli.volumes_rows import handle_of
from minisets.controllers.statefulset.identity import ordinal_of
from minisets.errors import AlreadyExists, MinisetsError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, generation_of, name_of, spec_of, status_of
from minisets.objects.owners import is_controlled_by
from minisets.objects.snapshots import RESTORE_FAILED, RESTORE_FROM
from minisets.settings import ADOPTED

if TYPE_CHECKING:
    from minisets.cli.session import Session
    from minisets.cli.snapshots import SetSnapshot
    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object

_CLAIM = "PersistentVolumeClaim"
_MARGIN = timedelta(seconds=60)


def restore_into(
    session: Session,
    client: ApiClient,
    found: SetSnapshot,
    statefulset: Object,
    *,
    timeout: timedelta,
    agreed: bool,
) -> None:
    """All of it; MinisetsError says how far it came, and what to type."""
    refuse_unready(found)
    namespace = session.namespace
    claims = {name_of(one): one for one in client.select(_CLAIM, namespace).items}
    missing = [missing_claim(statefulset, part) for part in found.parts if part.claim not in claims]
    there = {
        part.claim: part.snapshot
        for part in found.parts
        if part.claim in claims and not is_made_from(claims[part.claim], part)
    }
    for claim in there:
        _refuse_unfit(client, claims[claim])
    if not agreed:
        which = ", ".join(part.claim for part in found.parts)
        question = f"stop statefulset/{found.statefulset} and put back {which}? What is in them now is lost"
        ask(question, "put back")
    again = f"minisets{session.flags} snapshot restore {found.name} --yes"
    ref = Ref("StatefulSet", namespace, found.statefulset)
    pods = [pod for pod in client.select("Pod", namespace).items if is_controlled_by(pod, statefulset)]
    remembered = _stop(client, ref, statefulset, found.name)
    try:
        _await_stop(session, client, ref, statefulset, pods)
        _put_back(session, client, missing, there, timeout)
    except MinisetsError as error:
        raise MinisetsError(
            f"{error}. statefulset/{ref.name} stays at 0 replicas; to go on: {again}"
        ) from error
    client.patch(ref, started(remembered), form="merge")
    _await_start(session, client, ref, timeout)
    say(f"snapshot {found.name} put back into statefulset/{ref.name}: {found.in_claims}")


def _refuse_unfit(client: ApiClient, claim: Object) -> None:
    """Before anything is done: a claim that has no volume of ours to be emptied."""
    bound = str(spec_of(claim).get("volumeName") or "")
    volume = client.get(Ref("PersistentVolume", "", bound)) if bound else None
    handle = handle_of(volume) if volume else ""
    if volume is None or not handle:
        raise MinisetsError(f"claim {name_of(claim)} has no Docker volume of its own: nothing was put back")
    if ADOPTED in annotations_of(volume):
        raise MinisetsError(
            f"the Docker volume {handle} of claim {name_of(claim)} is adopted, and minisets "
            "removes nothing in it: nothing was put back. Make another claim from the snapshot (dataSource)"
        )


def _stop(client: ApiClient, ref: Ref, statefulset: Object, snapshot: str) -> dict[str, Any]:
    """One write: no replicas, what there were, and a retention policy that keeps the claims."""
    before = remembered_in(statefulset)
    answer = client.patch(ref, stopped(statefulset, snapshot, before), form="merge")
    remembered = remembered_in(answer.object)
    if remembered is None:
        raise MinisetsError(f"statefulset/{ref.name} did not take its annotation: type the same again")
    return remembered


def _await_stop(
    session: Session, client: ApiClient, ref: Ref, statefulset: Object, pods: list[Object]
) -> None:
    """Until the last pod is gone; each is named as it goes."""
    template = spec_of(statefulset).get("template") or {}
    grace = int((template.get("spec") or {}).get("terminationGracePeriodSeconds") or 0)
    seen = [name_of(pod) for pod in sorted(pods, key=lambda pod: ordinal_of(statefulset, pod) or 0)]

    def is_done(scene: Scene) -> bool:
        now = [name_of(pod) for pod in scene.pods_of(statefulset)]
        for name in [name for name in reversed(seen) if name not in now]:
            say(f"  {name}  stopped")
        seen[:] = now
        # Why its status too: a pod that it was about to make when it was scaled is seen by then.
        current = scene.get(ref)
        return not now and current is not None and _is_at_zero(current)

    # Why so long: they go one after the other, each with its own grace.
    timeout = len(pods) * timedelta(seconds=grace) + _MARGIN
    try:
        until(client, ref.namespace, is_done, timeout=timeout, clock=session.clock)
    except NotReady as error:
        left = ", ".join(seen)
        raise MinisetsError(f"{left} did not end within {timeout.total_seconds():g} s") from error


def _is_at_zero(statefulset: Object) -> bool:
    status = status_of(statefulset)
    is_seen = int(status.get("observedGeneration") or 0) >= generation_of(statefulset)
    return is_seen and not status.get("replicas")


def _put_back(
    session: Session,
    client: ApiClient,
    missing: list[Object],
    there: dict[str, str],
    timeout: timedelta,
) -> None:
    """What is missing is made from its copy; the others are asked to be put back, and waited for."""
    namespace, began = session.namespace, session.clock.elapsed()
    for body in missing:
        with suppress(AlreadyExists):
            client.create(_CLAIM, namespace, body)
    for claim, snapshot in there.items():
        asked = {"metadata": {"annotations": {RESTORE_FROM: snapshot, RESTORE_FAILED: None}}}
        client.patch(Ref(_CLAIM, namespace, claim), asked, form="merge")
    waiting = set(there)

    def is_done(scene: Scene) -> bool:
        for name in sorted(waiting):
            found = scene.get(Ref(_CLAIM, namespace, name))
            if found is None:
                raise MinisetsError(f"claim {name} was deleted meanwhile")
            if why := annotations_of(found).get(RESTORE_FAILED):
                raise MinisetsError(f"claim {name} was not put back: {why}")
            if RESTORE_FROM not in annotations_of(found):
                waiting.discard(name)
                passed = (session.clock.elapsed() - began).total_seconds()
                say(f"  {name}  put back after {passed:.1f} s")
        return not waiting

    try:
        until(client, namespace, is_done, timeout=timeout, clock=session.clock, kinds=(_CLAIM,))
    except NotReady as error:
        left = ", ".join(sorted(waiting))
        raise MinisetsError(f"{left} not put back within {timeout.total_seconds():g} s") from error


def _await_start(session: Session, client: ApiClient, ref: Ref, timeout: timedelta) -> None:
    try:
        until(client, ref.namespace, are_ready([ref]), timeout=timeout, clock=session.clock)
    except NotReady as error:
        missing = what_is_missing(error.scene, [ref], session.flags)
        raise MinisetsError(f"the data is put back, and {missing}") from error
