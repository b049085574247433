"""What a person can do about a pod or a claim that holds a statefulset up: sentences and commands.

Pure. Decides what is worth typing; what is wrong says `ailments.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from minisets.controllers.statefulset.explain.ailments import PASSING, trouble_of
from minisets.controllers.statefulset.identity import claim_name, claim_templates, ordinal_of
from minisets.controllers.statefulset.status import available_in, is_running_and_ready, minimum_ready
from minisets.objects.metadata import (
    condition,
    finalizers_of,
    is_being_deleted,
    meta,
    moment,
    name_of,
    spec_of,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from minisets.controllers.statefulset.explain.ailments import View
    from minisets.objects.kinds import Object

_IMAGE = frozenset(("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"))
_CRASHED = frozenset(("CrashLoopBackOff", "Error", "Completed", "OOMKilled"))
_PROTECTION = "kubernetes.io/pvc-protection"
_NO_FINALIZERS = '{"metadata":{"finalizers":null}}'
_ABOUT_BINDING = ("FailedBinding", "ProvisioningFailed", "WaitForFirstConsumer", "VolumeMismatch")
_KEPT = {
    "OrderedReady": "Kubernetes does not replace a pod of an OrderedReady set that is not Ready by itself",
    "OnDelete": "Kubernetes does not replace a pod under OnDelete by itself",
}


@dataclass(frozen=True)
class Outlook:
    """What becomes of a pod that is broken: nothing, unless somebody does something.

    kept_by: what keeps Kubernetes from replacing it by itself: `OrderedReady`, `OnDelete` or nothing.
    returns_at: the revision at which it would be made anew, if that is another one than it has.
    """

    kept_by: Literal["OrderedReady", "OnDelete", ""] = ""
    returns_at: str = ""


def remedies(view: View, pod: Object, outlook: Outlook) -> tuple[str, ...]:
    """What to do about a pod that is not available."""
    if is_being_deleted(pod):
        return _of_terminating(view, pod)
    if is_running_and_ready(pod):
        left = available_in(pod, minimum_ready(view.statefulset), view.observed.now)
        return (f"nothing to do: it is available in {view.spell(left)}",) if left else ()
    delete = view.command(f"delete-pod {name_of(pod)}")
    if outlook.returns_at and outlook.kept_by:
        return (
            f"another template is wanted, but {_KEPT[outlook.kept_by]}",
            f"to unstick it: {delete}; it comes back at revision {outlook.returns_at}",
        )
    corrected = f"correct the template, then {delete}" if outlook.kept_by else "correct the template"
    return (*_of_claims(view, pod), *_of_containers(view, pod, corrected))


def _of_terminating(view: View, pod: Object) -> tuple[str, ...]:
    name, held = name_of(pod), finalizers_of(pod)
    left = moment(meta(pod)["deletionTimestamp"]) - view.observed.now
    if left > timedelta(0):
        return (f"nothing to do yet: its containers end within {view.spell(left)}",)
    if held:
        patch = view.kubectl(f"patch pod {name} --type=merge -p '{_NO_FINALIZERS}'")
        return (f"to unstick it: who set the finalizers must remove them, or: {patch}",)
    return (f"to unstick it: {view.command(f'delete pod {name} --grace-period 0')}",)


def _of_containers(view: View, pod: Object, corrected: str) -> Iterator[str]:
    """Where to look, and what then."""
    name, trouble = name_of(pod), trouble_of(pod)
    describe = view.command(f"describe pod {name}")
    if (condition(pod, "PodScheduled") or {}).get("status") == "False":
        yield f"to see more: {describe}"
    elif trouble is None:
        yield f"to see why: {view.command(f'logs {name}')}, {describe}"
        yield f"to unstick it: {corrected}"
    elif trouble.reason in _IMAGE:
        yield f"to unstick it: make the image available (it is tried again), or {corrected}"
    elif trouble.reason in _CRASHED:
        yield f"to see why: {view.command(f'logs {name} -c {trouble.container} -p')}"
        yield f"to unstick it: {corrected}"
    elif trouble.reason in PASSING:
        yield f"to see more: {describe}"
    else:
        yield f"to unstick it: make what is missing (it is tried again), or {corrected}"


def _of_claims(view: View, pod: Object) -> Iterator[str]:
    """The pod's claims that have no volume yet."""
    for template in claim_templates(view.statefulset):
        name = claim_name(template, view.statefulset, ordinal_of(view.statefulset, pod) or 0)
        claim = view.observed.claims.get(name)
        if claim is None or status_of(claim).get("phase") in (None, "Bound"):
            continue
        said = view.latest(claim, *_ABOUT_BINDING)
        why = f": {str(said.get('message', '')).strip()}" if said is not None else ""
        phase = status_of(claim)["phase"]
        yield f"claim {name} is {phase}{view.since(meta(claim).get('creationTimestamp'))}{why}"
        yield f"to see more: {view.command(f'describe pvc {name}')}"


def of_claim(view: View, claim: Object) -> tuple[str, ...]:
    """What keeps a claim that should be gone."""
    name = name_of(claim)
    if not is_being_deleted(claim):
        return (
            f"nothing to do: it is collected with its owner; at once: {view.command(f'delete pvc {name}')}",
        )
    users = [name_of(pod) for pod in view.observed.pods if _uses(pod, name)]
    if _PROTECTION in finalizers_of(claim) and users:
        delete = view.command(f"delete pod {' '.join(users)}")
        return (f"it is kept while a pod uses it: {', '.join(users)}", f"to unstick it: {delete}")
    held = finalizers_of(claim)
    return (f"finalizers hold it: {', '.join(held)}",) if held else ()


def _uses(pod: Object, claim: str) -> bool:
    volumes = spec_of(pod).get("volumes") or ()
    return any((volume.get("persistentVolumeClaim") or {}).get("claimName") == claim for volume in volumes)
