"""Rules for the ephemeral containers of a running pod, which come through a subresource of their own.

Kubernetes: core validation.go ValidatePodEphemeralContainersUpdate, validateEphemeralContainers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.causes import Causes, duplicate, forbidden, not_found
from minisets.objects.metadata import annotations_of, spec_of
from minisets.objects.validation.containers import check_container
from minisets.objects.validation.pod_volumes import known_volumes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from minisets.objects.kinds import Object

_STATIC = "kubernetes.io/config.mirror"
_NEVER = (
    *("ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"),
    *("restartPolicy", "restartPolicyRules", "resizePolicy"),
)
_SAYS = "cannot be set for an Ephemeral Container"


def check_ephemeral_update(new: Object, old: Object) -> Causes:
    """Those that are there stay as they are; new ones have what such containers may have."""
    if _STATIC in annotations_of(old):
        yield forbidden("", "static pods do not support ephemeral containers")
    spec = spec_of(new)
    volumes = known_volumes(spec.get("volumes") or ())
    others = {one["name"] for field in ("containers", "initContainers") for one in spec.get(field) or ()}
    taken = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        path, name = f"spec.ephemeralContainers[{index}]", container.get("name") or ""
        yield from _check_one(path, container, volumes)
        target = container.get("targetContainerName")
        if target and target not in others:
            yield not_found(f"{path}.targetContainerName", target)
        if name in taken:
            yield duplicate(f"{path}.name", name)
        taken.add(name)
    yield from _check_kept(spec, spec_of(old))


def _check_one(path: str, container: Object, volumes: Mapping[str, bool]) -> Causes:
    plain = {name: value for name, value in container.items() if name not in _NEVER}
    yield from check_container(path, plain, volumes)
    for field in _NEVER:
        if container.get(field):
            yield forbidden(f"{path}.{field}", _SAYS)
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                yield forbidden(f"{path}.volumeMounts[{index}].{field}", _SAYS)


def _check_kept(after: Object, before: Object) -> Causes:
    """Why by name: a patch does not keep their order."""
    path = "spec.ephemeralContainers"
    known = {one.get("name"): one for one in after.get("ephemeralContainers") or ()}
    for one in before.get("ephemeralContainers") or ():
        name = one.get("name")
        if name not in known:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be removed\n')
        elif known[name] != one:
            yield forbidden(path, f'existing ephemeral containers "{name}" may not be changed\n')
