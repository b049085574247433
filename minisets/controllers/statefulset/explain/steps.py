"""What a statefulset's controller does next, told for a person: an action, and why it may not succeed.

Pure. Decides what of the snapshot contradicts an action: a stranger of that name, a claim that is going, a
try that failed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.controllers.statefulset.actions import Action, CreatePod, Refuse, RepairPod, Warn
from minisets.controllers.statefulset.explain.ailments import Finding, View, what_ails
from minisets.controllers.statefulset.explain.remedies import of_claim
from minisets.controllers.statefulset.identity import (
    claim_name,
    claim_templates,
    ordinal_of,
    storage_matches,
)
from minisets.objects.metadata import is_being_deleted, name_of
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_REFUSED = {"create": "is not created", "update": "is not repaired", "": "is not gone on with"}


def told(view: View, action: Action) -> Finding:
    """The action, or why it comes to nothing."""
    match action:
        case CreatePod(pod=pod):
            return _creation(view, action, name_of(pod))
        case Refuse(pod=name, verb=verb, cause=cause):
            return Finding(f"{name} {_REFUSED[verb]}: {cause}", _going_claims(view, name))
        case RepairPod(pod=pod) if not storage_matches(view.statefulset, pod):
            delete = view.command(f"delete-pod {name_of(pod)}")
            return Finding(f"next: {action}", (f"a pod's volumes cannot change; to unstick it: {delete}",))
        case Warn(cause=cause):
            return Finding(f"warning: {cause}")
        case _:
            return Finding(f"next: {action}")


def _creation(view: View, action: CreatePod, name: str) -> Finding:
    """Kubernetes: the create fails with AlreadyExists until the stranger goes, or matches (A-67)."""
    stranger = view.pod(name)
    if stranger is None:
        return Finding(f"next: {action}", _last_failure(view, name))
    line = (
        f"{name} is not created: a pod of that name exists that {name_of(view.statefulset)} does not control"
    )
    return Finding(f"{line} ({_whose(view, stranger)})", _away_with(view, stranger))


def _whose(view: View, stranger: Object) -> str:
    if is_being_deleted(stranger):
        return f"it {what_ails(view, stranger)}"
    owner = controller_of(stranger)
    return "nobody controls it" if owner is None else f"{owner['kind']} {owner['name']} controls it"


def _away_with(view: View, stranger: Object) -> tuple[str, ...]:
    if is_being_deleted(stranger):
        return ()
    return (f"to unstick it: {view.command(f'delete-pod {name_of(stranger)}')}",)


def _last_failure(view: View, pod: str) -> tuple[str, ...]:
    """Why the last try to make it failed, if that is the last thing that was said about it."""
    about = [event for event in view.events if f" Pod {pod} " in f"{event.get('message', '')} "]
    last = View(view.observed, about, view.spell).latest(view.statefulset, "FailedCreate", "SuccessfulCreate")
    if last is None or last["reason"] != "FailedCreate":
        return ()
    since = view.since(last.get("lastTimestamp")).replace(" for", "")
    return (f"the last try failed{since} ago: {last['message']}",)


def _going_claims(view: View, pod: str) -> tuple[str, ...]:
    """What keeps the claims that are on their way out (A-57)."""
    hints: list[str] = []
    ordinal = ordinal_of(view.statefulset, {"metadata": {"name": pod}}) or 0
    for template in claim_templates(view.statefulset):
        claim = view.observed.claims.get(claim_name(template, view.statefulset, ordinal))
        if claim is not None and is_being_deleted(claim):
            hints += of_claim(view, claim)
    return tuple(hints) or ("nothing to do: a fresh claim is made once it is gone",)
