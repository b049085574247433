"""Rules for the volumes of a pod or template: own names, exactly one source, sound files.

Kubernetes: core validation.go ValidateVolumes, validateVolumeSource and its sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import (
    Causes,
    duplicate,
    each_invalid,
    forbidden,
    invalid,
    not_supported,
    required,
)
from minisets.objects.validation.claims import check_claim_spec
from minisets.objects.validation.environment import check_field_ref, check_resource_ref
from minisets.objects.validation.paths import check_no_backsteps, check_unreserved
from minisets.objects.validation.resources import amount_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from minisets.objects.kinds import Object

_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
_SHORTEST_TOKEN = 600


def check_pod_volumes(path: str, volumes: Sequence[Object], shadowed: Collection[str] = ()) -> Causes:
    """The list at `path`. Shadowed names are claim templates': the controller replaces such a volume."""
    taken: set[str] = set()
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        if volume.get("name") in shadowed:
            continue
        yield from _check_source(here, volume)
        name = volume.get("name") or ""
        if name:
            yield from each_invalid(f"{here}.name", name, names.dns_label(name))
        else:
            yield required(f"{here}.name")
        if name in taken:
            yield duplicate(f"{here}.name", name)
        taken.add(name)


def known_volumes(volumes: Sequence[Object], claim_names: Collection[str] = ()) -> dict[str, bool]:
    """By name, whether a claim is behind it; claim_names are volumes that a controller will add."""
    own = {
        str(volume["name"]): any(volume.get(it) is not None for it in ("persistentVolumeClaim", "ephemeral"))
        for volume in volumes
        if volume.get("name")
    }
    return own | dict.fromkeys(filter(None, claim_names), True)


def check_host_path(path: str, source: Object) -> Causes:
    """A path on the machine, in pods and in volumes."""
    target = source.get("path") or ""
    if not target:
        yield required(f"{path}.path")
        return
    yield from check_no_backsteps(f"{path}.path", target)
    kind = source.get("type") or ""
    if kind not in _HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", kind, _HOST_PATH_TYPES)


def check_nfs(path: str, source: Object) -> Causes:
    """A share on a server, in pods and in volumes."""
    for field in ("server", "path"):
        if not source.get(field):
            yield required(f"{path}.{field}")
    target = source.get("path") or ""
    if not target.startswith("/"):
        yield invalid(f"{path}.path", target, "must be an absolute path")


def _check_source(path: str, volume: Object) -> Causes:
    given = [name for name, value in volume.items() if name != "name" and value is not None]
    for position, name in enumerate(given):
        if position:
            yield forbidden(f"{path}.{name}", "may not specify more than 1 volume type")
        elif check := _SOURCES.get(name):
            yield from check(f"{path}.{name}", volume[name])
    if not given:
        yield required(path, "must specify a volume type")


def _check_empty_dir(path: str, source: Object) -> Causes:
    limit = source.get("sizeLimit")
    if limit is not None and ((number := amount_of(limit)) is None or number < 0):
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def _check_claim(path: str, source: Object) -> Causes:
    if not source.get("claimName"):
        yield required(f"{path}.claimName")


def _check_config_map(path: str, source: Object) -> Causes:
    if not source.get("name"):
        yield required(f"{path}.name")
    yield from _check_keyed(path, source)


def _check_secret(path: str, source: Object) -> Causes:
    if not source.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _check_keyed(path, source)


def _check_keyed(path: str, source: Object) -> Causes:
    yield from _check_mode(f"{path}.defaultMode", source.get("defaultMode"))
    for index, item in enumerate(source.get("items") or ()):
        here = f"{path}.items[{index}]"
        for field in ("key", "path"):
            if not item.get(field):
                yield required(f"{here}.{field}")
        yield from check_unreserved(f"{here}.path", item.get("path") or "")
        yield from _check_mode(f"{here}.mode", item.get("mode"))


def _check_downward(path: str, source: Object) -> Causes:
    yield from _check_mode(f"{path}.defaultMode", source.get("defaultMode"))
    for item in source.get("items") or ():
        # Kubernetes: validateDownwardAPIVolumeSource gives items no index.
        if not item.get("path"):
            yield required(f"{path}.path")
        yield from check_unreserved(f"{path}.path", item.get("path") or "")
        field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
        if field is not None:
            yield from check_field_ref(f"{path}.fieldRef", field, in_file=True)
            if resource is not None:
                detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
                yield invalid(path, "resource", detail)
        elif resource is not None:
            yield from check_resource_ref(f"{path}.resourceFieldRef", resource, in_file=True)
        else:
            yield required(path, "one of fieldRef and resourceFieldRef is required")
        yield from _check_mode(f"{path}.mode", item.get("mode"))


def _check_projected(path: str, source: Object) -> Causes:
    yield from _check_mode(f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        yield from _check_part(here, part)
        for target in _targets(part):
            if target in taken:
                yield invalid(path, target, "conflicting duplicate paths")
            taken.add(target)
        if sum(value is not None for value in part.values()) > 1:
            yield forbidden(here, "may not specify more than 1 volume type per source")


def _check_part(path: str, part: Object) -> Causes:
    for name in ("secret", "configMap"):
        if (source := part.get(name)) is not None:
            yield from _check_config_map(f"{path}.{name}", source)
    if (source := part.get("downwardAPI")) is not None:
        yield from _check_downward(f"{path}.downwardAPI", source)
    if (token := part.get("serviceAccountToken")) is not None:
        here = f"{path}.serviceAccountToken"
        lifetime = token.get("expirationSeconds") or 0
        if lifetime < _SHORTEST_TOKEN:
            detail = "may not specify a duration less than 10 minutes"
            yield invalid(f"{here}.expirationSeconds", lifetime, detail)
        if not token.get("path"):
            yield required(f"{here}.path")
        yield from check_unreserved(f"{here}.path", token.get("path") or "")


def _targets(part: Object) -> list[str]:
    sources = (part.get("secret"), part.get("configMap"), part.get("downwardAPI"))
    return [
        item["path"] for source in sources if source for item in source.get("items") or () if item.get("path")
    ]


def _check_ephemeral(path: str, source: Object) -> Causes:
    template = source.get("volumeClaimTemplate")
    if template is None:
        yield required(f"{path}.volumeClaimTemplate")
    else:
        yield from check_claim_spec(f"{path}.volumeClaimTemplate.spec", template.get("spec") or {})


def _check_mode(path: str, mode: int | None) -> Causes:
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid(path, mode, _MODE)


_SOURCES: dict[str, Callable[[str, Object], Causes]] = {
    "configMap": _check_config_map,
    "downwardAPI": _check_downward,
    "emptyDir": _check_empty_dir,
    "ephemeral": _check_ephemeral,
    "hostPath": check_host_path,
    "nfs": check_nfs,
    "persistentVolumeClaim": _check_claim,
    "projected": _check_projected,
    "secret": _check_secret,
}
