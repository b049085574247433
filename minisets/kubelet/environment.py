"""A container's environment, as Kubernetes makes it (A-128, A-129): values, references, and `$(VAR)`.

Order: Services, then envFrom, then env; later ones win; frozen when the container is made. Reads
ConfigMaps, Secrets, Services. Kubernetes: kubelet_pods.go makeEnvironmentVariables, expansion.go.
"""

from __future__ import annotations

import base64
import re
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from minisets.kubelet.failures import NotYet
from minisets.objects.kinds import Ref
from minisets.objects.metadata import annotations_of, labels_of, meta, namespace_of, spec_of, status_of
from minisets.objects.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

_MASTER = Ref("Service", "default", "kubernetes")
_REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")
_KEYED = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$(VAR)` where VAR is known; anything else stays as it is, and `$$` is a `$`."""

    def value(found: re.Match[str]) -> str:
        if found[1] == "$":
            return "$"
        return values.get(found[2], found[0])

    return _REFERENCE.sub(value, text)


def references(text: str) -> tuple[str, ...]:
    """The names of the variables that `expand` would look for."""
    return tuple(found[2] for found in _REFERENCE.finditer(text) if found[2] is not None)


def environment(
    pod: Object, container: dict[str, Any], reader: Reader, node: Object | None
) -> dict[str, str]:
    """Everything that the container's processes see besides what the image says. NotYet: a missing source."""
    values = dict(_services(pod, reader))
    for source in container.get("envFrom") or ():
        values.update(_imported(namespace_of(pod), source, reader))
    for entry in container.get("env") or ():
        value = _value(pod, container, entry, reader, node)
        if value is not None:
            values[entry["name"]] = value if entry.get("valueFrom") else expand(value, values)
    return values


def _value(
    pod: Object, container: dict[str, Any], entry: dict[str, Any], reader: Reader, node: Object | None
) -> str | None:
    """The entry's value before expansion; None for an optional source that is not there."""
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value") or "")
    if field := source.get("fieldRef"):
        return field_value(pod, field["fieldPath"], node)
    if resource := source.get("resourceFieldRef"):
        return resource_value(pod, container["name"], resource, node)
    if key := source.get("configMapKeyRef"):
        return _key(Ref("ConfigMap", namespace_of(pod), key.get("name") or ""), key, reader)
    if key := source.get("secretKeyRef"):
        return _key(Ref("Secret", namespace_of(pod), key.get("name") or ""), key, reader)
    raise NotYet(f"environment variable {entry['name']}: {', '.join(source)} is not supported by minisets")


def field_value(pod: Object, path: str, node: Object | None) -> str:
    """What a fieldRef names; NotYet while it is not known."""
    if keyed := _KEYED.fullmatch(path):
        found = labels_of(pod) if keyed[1] == "labels" else annotations_of(pod)
        return str(found.get(keyed[2], ""))
    addresses = [each["ip"] for each in status_of(pod).get("podIPs") or ()]
    host = _host_address(node)
    known = {
        "metadata.name": meta(pod).get("name"),
        "metadata.namespace": namespace_of(pod),
        "metadata.uid": meta(pod).get("uid"),
        "metadata.labels": _lines(labels_of(pod)),
        "metadata.annotations": _lines(annotations_of(pod)),
        "spec.nodeName": spec_of(pod).get("nodeName"),
        "spec.serviceAccountName": spec_of(pod).get("serviceAccountName"),
        "status.podIP": status_of(pod).get("podIP"),
        "status.podIPs": ",".join(addresses),
        "status.hostIP": host,
        "status.hostIPs": host,
    }
    if path not in known:
        raise NotYet(f"fieldPath {path} is not supported")
    return str(known[path] or "")


def resource_value(pod: Object, container: str, source: dict[str, Any], node: Object | None) -> str:
    """A limit or request in units of the divisor, rounded up; without a limit, the node's capacity."""
    name = source.get("containerName") or container
    kind, _, resource = str(source["resource"]).partition(".")
    every = (*(spec_of(pod).get("initContainers") or ()), *(spec_of(pod).get("containers") or ()))
    found: dict[str, Any] = next((one for one in every if one["name"] == name), {})
    value = ((found.get("resources") or {}).get(kind) or {}).get(resource)
    if value is None and kind == "limits" and node is not None:
        value = (status_of(node).get("allocatable") or {}).get(resource)
    divisor = parse(source.get("divisor") or "0") or Decimal(1)
    return str((parse(value or "0") / divisor).to_integral_value(ROUND_CEILING))


def data_of(obj: Object) -> dict[str, bytes]:
    """The content of a ConfigMap or Secret."""
    if obj["kind"] == "Secret":
        return {key: base64.b64decode(value or "") for key, value in (obj.get("data") or {}).items()}
    binary = {key: base64.b64decode(value or "") for key, value in (obj.get("binaryData") or {}).items()}
    return {key: (value or "").encode() for key, value in (obj.get("data") or {}).items()} | binary


def _variables_of(obj: Object) -> dict[str, bytes]:
    """Kubernetes: what a ConfigMap has as bytes is for files only."""
    return data_of({**obj, "binaryData": {}})


def missing(ref: Ref) -> str:
    """Kubernetes' words for a source that is not there."""
    return f'{ref.kind.lower()} "{ref.name}" not found'


def _imported(namespace: str, source: dict[str, Any], reader: Reader) -> Iterator[tuple[str, str]]:
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        reference = source.get(field)
        if not reference:
            continue
        ref = Ref(kind, namespace, reference.get("name") or "")
        obj = reader.get(ref)
        if obj is None:
            if reference.get("optional"):
                continue
            raise NotYet(missing(ref))
        for key, value in _variables_of(obj).items():
            yield f"{source.get('prefix') or ''}{key}", value.decode(errors="replace")


def _key(ref: Ref, key: dict[str, Any], reader: Reader) -> str | None:
    obj = reader.get(ref)
    found = _variables_of(obj).get(key["key"]) if obj is not None else None
    if found is not None:
        return found.decode(errors="replace")
    if key.get("optional"):
        return None
    if obj is None:
        raise NotYet(missing(ref))
    raise NotYet(f"couldn't find key {key['key']} in {ref.kind} {ref.namespace}/{ref.name}")


def _services(pod: Object, reader: Reader) -> Iterator[tuple[str, str]]:
    """Variables of the namespace's Services that have an address, and of `kubernetes` in any case (A-129).

    Kubernetes: getServiceEnvVarMap, pkg/kubelet/envvars.
    """
    linked: list[Object] = []
    if spec_of(pod).get("enableServiceLinks") is not False:
        linked += reader.list("Service", namespace_of(pod)).items
    if (master := reader.get(_MASTER)) is not None:
        linked.append(master)
    for service in linked:
        address, ports = spec_of(service).get("clusterIP"), spec_of(service).get("ports") or ()
        if address in (None, "", "None") or not ports:
            continue
        name = str(meta(service)["name"]).upper().replace("-", "_")
        yield f"{name}_SERVICE_HOST", address
        yield f"{name}_SERVICE_PORT", str(ports[0]["port"])
        for port in ports:
            if port.get("name"):
                yield f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}", str(port["port"])
        yield from _links(name, address, ports)


def _links(name: str, address: str, ports: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Kubernetes: envvars.makeLinkVariables, which are Docker's old ones."""
    for place, port in enumerate(ports):
        number, protocol = str(port["port"]), str(port.get("protocol") or "TCP")
        url, prefix = f"{protocol.lower()}://{address}:{number}", f"{name}_PORT_{number}_{protocol.upper()}"
        if not place:
            yield f"{name}_PORT", url
        yield prefix, url
        yield f"{prefix}_PROTO", protocol.lower()
        yield f"{prefix}_PORT", number
        yield f"{prefix}_ADDR", address


def _host_address(node: Object | None) -> str:
    listed = status_of(node or {}).get("addresses") or ()
    return next((one["address"] for one in listed if one["type"] == "InternalIP"), "")


def _lines(values: Mapping[str, str]) -> str:
    """Kubernetes: fieldpath.FormatMap."""
    return "\n".join(f'{key}="{_quoted(value)}"' for key, value in sorted(values.items()))


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
