"""The volumes of a pod template as kubectl prints them. Pure.

Those that minisets cannot mount are `<unknown>`, as kubectl has it for those that it does not know.
Kubernetes: kubectl pkg/describe/describe.go `describeVolumes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def volumes(given: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The lines, from the title on."""
    found = list(given)
    yield "  Volumes:" if found else "  Volumes:\t<none>"
    for volume in found:
        yield f"   {volume['name']}:"
        kind = next((kind for kind in _VOLUMES if kind in volume), None)
        if kind is None:
            yield "  <unknown>"
            continue
        about, pairs = _VOLUMES[kind]
        yield f"    Type:\t{about}"
        yield from (f"    {line}" for line in pairs(volume[kind] or {}))


def is_optional(source: dict[str, Any]) -> str:
    """Whether it may be missing, as Go prints it."""
    return "true" if source.get("optional") else "false"


def _host_path(source: dict[str, Any]) -> Iterator[str]:
    yield f"Path:\t{source.get('path', '')}"
    yield f"HostPathType:\t{source.get('type', '')}"


def _empty_dir(source: dict[str, Any]) -> Iterator[str]:
    limit = source.get("sizeLimit")
    yield f"Medium:\t{source.get('medium', '')}"
    yield f"SizeLimit:\t{limit if limit and parse(limit) > 0 else '<unset>'}"


def _secret(source: dict[str, Any]) -> Iterator[str]:
    yield f"SecretName:\t{source.get('secretName', '')}"
    yield f"Optional:\t{is_optional(source)}"


def _config_map(source: dict[str, Any]) -> Iterator[str]:
    yield f"Name:\t{source.get('name', '')}"
    yield f"Optional:\t{is_optional(source)}"


def _claim(source: dict[str, Any]) -> Iterator[str]:
    yield f"ClaimName:\t{source.get('claimName', '')}"
    yield f"ReadOnly:\t{'true' if source.get('readOnly') else 'false'}"


def _downward(source: dict[str, Any]) -> Iterator[str]:
    yield "Items:"
    for item in source.get("items") or ():
        field = (item.get("fieldRef") or {}).get("fieldPath") or (item.get("resourceFieldRef") or {}).get(
            "resource"
        )
        yield f"  {field} -> {item['path']}"


def _projected(source: dict[str, Any]) -> Iterator[str]:
    for one in source.get("sources") or ():
        if secret := one.get("secret"):
            yield f"SecretName:\t{secret.get('name', '')}"
            yield f"Optional:\t{is_optional(secret)}"
        elif "downwardAPI" in one:
            yield "DownwardAPI:\ttrue"
        elif config := one.get("configMap"):
            yield f"ConfigMapName:\t{config.get('name', '')}"
            yield f"Optional:\t{is_optional(config)}"
        elif token := one.get("serviceAccountToken"):
            yield f"TokenExpirationSeconds:\t{token.get('expirationSeconds', 3600)}"


_VOLUMES: dict[str, tuple[str, Callable[[dict[str, Any]], Iterator[str]]]] = {
    "hostPath": ("HostPath (bare host directory volume)", _host_path),
    "emptyDir": ("EmptyDir (a temporary directory that shares a pod's lifetime)", _empty_dir),
    "secret": ("Secret (a volume populated by a Secret)", _secret),
    "configMap": ("ConfigMap (a volume populated by a ConfigMap)", _config_map),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        _claim,
    ),
    "downwardAPI": ("DownwardAPI (a volume populated by information about the pod)", _downward),
    "projected": (
        "Projected (a volume that contains injected data from multiple sources)",
        _projected,
    ),
}
