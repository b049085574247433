"""Rules for security contexts of pods and containers: numbers in range, no contradiction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, invalid, not_supported, required

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_SECCOMP = ("Localhost", "RuntimeDefault", "Unconfined")
_CHANGE_POLICIES = ("Always", "OnRootMismatch")


def check_security(path: str, context: Object | None) -> Causes:
    """A container's. Kubernetes: ValidateSecurityContext."""
    if not context:
        return
    yield from _check_ids(path, context, ("runAsUser", "runAsGroup"))
    yield from _check_seccomp(f"{path}.seccompProfile", context.get("seccompProfile"))
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(path, context, detail)


def check_pod_security(path: str, context: Object | None) -> Causes:
    """A pod's. Kubernetes: validatePodSpecSecurityContext."""
    if not context:
        return
    yield from _check_ids(path, context, ("fsGroup", "runAsUser", "runAsGroup"))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from each_invalid(f"{path}.supplementalGroups[{index}]", group, names.unix_id(group))
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in _CHANGE_POLICIES:
        yield not_supported(f"{path}.fsGroupChangePolicy", policy, _CHANGE_POLICIES)
    yield from _check_seccomp(f"{path}.seccompProfile", context.get("seccompProfile"))


def _check_ids(path: str, context: Object, fields: tuple[str, ...]) -> Causes:
    for field in fields:
        if (number := context.get(field)) is not None:
            yield from each_invalid(f"{path}.{field}", number, names.unix_id(number))


def _check_seccomp(path: str, profile: Object | None) -> Causes:
    if profile is None:
        return
    kind = profile.get("type") or ""
    if not kind:
        yield required(f"{path}.type", "type is required when seccompProfile is set")
    elif kind not in _SECCOMP:
        yield not_supported(f"{path}.type", kind, _SECCOMP)
    elif kind == "Localhost" and not profile.get("localhostProfile"):
        detail = "must be set when seccomp type is Localhost"
        yield required(f"{path}.localhostProfile", detail)
