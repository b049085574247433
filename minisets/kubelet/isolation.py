"""What keeps a container apart from its neighbours and from the machine, as its security contexts ask. Pure.

A container's own context wins over its pod's, field by field. Leaves what may not run to `admission.py`.
Kubernetes: kuberuntime security_context.go determineEffectiveSecurityContext, seccomp and apparmor helpers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.kubelet.volumes.mounts import fs_group
from minisets.objects.metadata import name_of, namespace_of, spec_of, uid_of

if TYPE_CHECKING:
    from minisets.kubelet.containers import Wanted
    from minisets.objects.kinds import Object

_ROOT = "0"


def effective(pod: Object, container: dict[str, Any]) -> dict[str, Any]:
    """The container's context over the pod's."""
    own = container.get("securityContext") or {}
    return {**(spec_of(pod).get("securityContext") or {}), **own}


def user_of(pod: Object, container: dict[str, Any], image_user: str) -> str:
    """`user:group` for the engine; empty: the image says. A group alone goes with the image's user."""
    both = effective(pod, container)
    user, group = both.get("runAsUser"), both.get("runAsGroup")
    if group is None:
        return "" if user is None else str(user)
    return f"{image_user.partition(':')[0] or _ROOT if user is None else user}:{group}"


def groups_of(pod: Object) -> tuple[str, ...]:
    """What the process is a member of besides its own group."""
    whole = spec_of(pod).get("securityContext") or {}
    group = fs_group(pod)
    own = [] if group is None else [str(group)]
    return tuple(dict.fromkeys([*own, *map(str, whole.get("supplementalGroups") or ())]))


def confinement_of(pod: Object, container: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Profiles other than the engine's own.

    Differs: without a profile the engine's default one stays, where Kubernetes has none; one from a file of
    the node's is the engine's default too.
    """
    both = effective(pod, container)
    found = []
    if (both.get("seccompProfile") or {}).get("type") == "Unconfined":
        found.append(("seccomp", "unconfined"))
    apparmor = both.get("appArmorProfile") or {}
    if apparmor.get("type") == "Unconfined":
        found.append(("apparmor", "unconfined"))
    elif apparmor.get("type") == "Localhost":
        found.append(("apparmor", str(apparmor.get("localhostProfile"))))
    return tuple(found)


def root_refused(pod: Object, one: Wanted, image_user: str) -> str:
    """Why runAsNonRoot forbids the container to run; empty if it may. Kubernetes: verifyRunAsNonRoot."""
    both = effective(pod, one.spec)
    if not both.get("runAsNonRoot"):
        return ""
    where = f'(pod: "{name_of(pod)}_{namespace_of(pod)}({uid_of(pod)})", container: {one.name})'
    if both.get("runAsUser") is not None:
        return f"container's runAsUser breaks non-root policy {where}" if both["runAsUser"] == 0 else ""
    user = image_user.partition(":")[0]
    if user and not user.isdigit():
        said = f"container has runAsNonRoot and image has non-numeric user ({user})"
        return f"{said}, cannot verify user is non-root {where}"
    if not int(user or 0):
        return f"container has runAsNonRoot and image will run as root {where}"
    return ""
