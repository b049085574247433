"""Rules for environment variables and for what they, and downward files, refer to.

Kubernetes: core validation.go ValidateEnv, ValidateEnvFrom, validateObjectFieldSelector.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.causes import Causes, each_invalid, invalid, not_supported, required

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_IN_VARIABLES = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_IN_FILES = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
_ELSEWHERE = ("spec.restartPolicy", "spec.schedulerName", "status.phase")
_KNOWN_FIELDS = frozenset((*_IN_VARIABLES, *_IN_FILES, *_ELSEWHERE))
_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_CPU_DIVISORS = ("1m", "1")
_SIZE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def check_environment(path: str, container: Object) -> Causes:
    """`env` and `envFrom` of a container."""
    for index, variable in enumerate(container.get("env") or ()):
        yield from _check_variable(f"{path}.env[{index}]", variable)
    for index, source in enumerate(container.get("envFrom") or ()):
        yield from _check_whole_source(path, index, source)


def check_field_ref(path: str, ref: Object, *, in_file: bool = False) -> Causes:
    """A field of the pod, as an environment variable or as a file may name it."""
    field = ref.get("fieldPath") or ""
    if not ref.get("apiVersion"):
        yield required(f"{path}.apiVersion")
        return
    if not field:
        yield required(f"{path}.fieldPath")
        return
    if subscripted := re.fullmatch(r"(.*)\['(.*)'\]", field):
        holder, key = subscripted.groups()
        if holder == "metadata.annotations":
            yield from each_invalid(path, key.lower(), names.qualified_name(key.lower()))
        elif holder == "metadata.labels":
            yield from each_invalid(path, key, names.qualified_name(key))
        else:
            detail = f"error converting fieldPath: field label does not support subscript: {field}"
            yield invalid(f"{path}.fieldPath", field, detail)
    elif field not in _KNOWN_FIELDS:
        detail = f"error converting fieldPath: field label not supported: {field}"
        yield invalid(f"{path}.fieldPath", field, detail)
    elif field not in (allowed := _IN_FILES if in_file else _IN_VARIABLES):
        yield not_supported(f"{path}.fieldPath", field, allowed)


def check_resource_ref(path: str, ref: Object, *, in_file: bool = False) -> Causes:
    """A request or limit of a container; a file must say of which."""
    resource = ref.get("resource") or ""
    if in_file and not ref.get("containerName"):
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(("limits.hugepages-", "requests.hugepages-")):
        yield not_supported(f"{path}.resource", resource, _RESOURCES)
    yield from _check_divisor(f"{path}.divisor", resource, str(ref.get("divisor") or "0"))


def _check_divisor(path: str, resource: str, divisor: str) -> Causes:
    says = "only divisor's values"
    if resource.endswith(".cpu"):
        if divisor not in {"0", *_CPU_DIVISORS}:
            yield invalid(path, resource, f"{says} 1m and 1 are supported with the cpu resource")
    elif divisor not in {"0", *_SIZE_DIVISORS}:
        what = resource.partition(".")[2].replace("ephemeral-storage", "local ephemeral storage")
        what = "hugepages" if what.startswith("hugepages-") else what
        yield invalid(
            path, resource, f"{says} {', '.join(_SIZE_DIVISORS)} are supported with the {what} resource"
        )


def _check_variable(path: str, variable: Object) -> Causes:
    name = variable.get("name") or ""
    if not name:
        yield required(f"{path}.name")
    yield from each_invalid(f"{path}.name", name, names.variable_name(name))
    source = variable.get("valueFrom")
    if source is not None:
        yield from _check_source(f"{path}.valueFrom", source, has_value=bool(variable.get("value")))


def _check_source(path: str, source: Object, *, has_value: bool) -> Causes:
    if (ref := source.get("fieldRef")) is not None:
        yield from check_field_ref(f"{path}.fieldRef", ref)
    if (ref := source.get("resourceFieldRef")) is not None:
        yield from check_resource_ref(f"{path}.resourceFieldRef", ref)
    for name in ("configMapKeyRef", "secretKeyRef"):
        if (ref := source.get(name)) is not None:
            yield from _check_key_ref(f"{path}.{name}", ref)
    given = sum(source.get(name) is not None for name in _SOURCES)
    if not given:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef`"
            " or `fileKeyRef`"
        )
        yield invalid(path, "", detail)
    elif has_value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif given > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


def _check_key_ref(path: str, ref: Object) -> Causes:
    name, key = ref.get("name") or "", ref.get("key") or ""
    yield from each_invalid(f"{path}.name", name, names.dns_subdomain(name))
    if key:
        yield from each_invalid(f"{path}.key", key, names.config_key(key))
    else:
        yield required(f"{path}.key")


def _check_whole_source(path: str, index: int, source: Object) -> Causes:
    here = f"{path}.envFrom[{index}]"
    if prefix := source.get("prefix"):
        yield from each_invalid(f"{here}.prefix", prefix, names.variable_name(prefix))
    refs = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
    for name in refs:
        target = source[name].get("name") or ""
        if target:
            masked = names.masked_prefix(target)
            yield from each_invalid(f"{here}.{name}.name", target, names.dns_subdomain(masked))
        else:
            yield required(f"{here}.{name}.name")
    # Kubernetes: ValidateEnvFrom reports these two on the list, not on the entry.
    if not refs:
        yield invalid(f"{path}.envFrom", "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(refs) > 1:
        yield invalid(f"{path}.envFrom", "", "may not have more than one field specified at a time")
