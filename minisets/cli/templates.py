"""A pod template as kubectl prints it: `rollout history --revision N`, `rollout undo --dry-run=client`. Pure.

Leaves its volumes to `template_volumes.py`. Kubernetes: kubectl pkg/describe `DescribePodTemplate`.
"""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from minisets.cli.template_volumes import is_optional, volumes
from minisets.objects.metadata import annotations_of, labels_of, spec_of
from minisets.objects.quantities import parse
from minisets.objects.selectors.labels import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from minisets.objects.kinds import Object

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_LONGEST = 140
_PROBES = (("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup"))
_NUMBERS = (
    ("delay", "initialDelaySeconds", "s"),
    ("timeout", "timeoutSeconds", "s"),
    ("period", "periodSeconds", "s"),
    ("#success", "successThreshold", ""),
    ("#failure", "failureThreshold", ""),
)


def template_text(template: Object) -> str:
    """The whole text; each line ends in a line break."""
    return "".join(f"{line}\n" for line in _template(template))


def _template(template: Object) -> Iterator[str]:
    spec = spec_of(template)
    yield "Pod Template:"
    yield from _labels("Labels", labels_of(template))
    if annotations_of(template):
        yield from _below("Annotations", _annotations(annotations_of(template)))
    if account := spec.get("serviceAccountName"):
        yield f"  Service Account:\t{account}"
    for title, field in (("Init Containers", "initContainers"), ("Containers", "containers")):
        if spec.get(field):
            yield f"  {title}:"
            for container in spec[field]:
                yield from _container(container)
    yield from volumes(spec.get("volumes") or ())
    yield from _spreading(spec.get("topologySpreadConstraints") or ())
    if priority := spec.get("priorityClassName"):
        yield f"  Priority Class Name:\t{priority}"
    yield from _labels("Node-Selectors", spec.get("nodeSelector") or {})
    tolerations = sorted(spec.get("tolerations") or (), key=lambda one: str(one.get("key") or ""))
    yield from _below("Tolerations", map(_toleration, tolerations))


def _below(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines under each other, the first beside its title."""
    found = list(lines) or ["<none>"]
    yield f"  {title}:\t{found[0]}"
    yield from (f"\t{line}" for line in found[1:])


def _labels(title: str, labels: Mapping[str, str]) -> Iterator[str]:
    return _below(title, (f"{key}={value}" for key, value in sorted(labels.items())))


def _annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    for key, value in sorted(annotations.items()):
        if key == _LAST_APPLIED:
            continue
        text = value.removesuffix("\n")
        if "\n" not in text and len(text) + len(key) + 2 <= _LONGEST:
            yield f"{key}: {text}"
            continue
        yield f"{key}:"
        yield from (f"  {_cut(line)}" for line in text.split("\n"))


def _cut(line: str) -> str:
    longest = _LONGEST - 2
    return line if len(line) <= longest else f"{line[:longest]}..."


def _toleration(toleration: dict[str, Any]) -> str:
    value, effect = toleration.get("value"), toleration.get("effect")
    what = (toleration.get("key") or "") + (f"={value}" if value else "") + (f":{effect}" if effect else "")
    words = [what] if what else []
    if toleration.get("operator") == "Exists" and not value:
        words.append("op=Exists")
    if (seconds := toleration.get("tolerationSeconds")) is not None:
        words.append(f"for {seconds}s")
    return " ".join(words)


def _spreading(constraints: Iterable[dict[str, Any]]) -> Iterator[str]:
    found = sorted(constraints, key=lambda one: str(one["topologyKey"]))
    for place, one in enumerate(found):
        line = f"{one['topologyKey']}:{one['whenUnsatisfiable']} when max skew {one['maxSkew']} is exceeded"
        if selector := one.get("labelSelector"):
            line += f" for selector {LabelSelector.of(selector)}"
        yield f"  \t{line}" if place else f"  Topology Spread Constraints:\t{line}"


def _container(container: dict[str, Any]) -> Iterator[str]:
    yield f"   {container['name']}:"
    yield f"    Image:\t{container.get('image', '')}"
    ports = container.get("ports") or ()
    yield _ports("Port", [f"{port['containerPort']}/{port.get('protocol', 'TCP')}" for port in ports])
    yield _ports(
        "Host Port", [f"{port.get('hostPort') or 0}/{port.get('protocol', 'TCP')}" for port in ports]
    )
    if profile := (container.get("securityContext") or {}).get("seccompProfile"):
        yield f"    SeccompProfile:\t{profile['type']}"
        if profile["type"] == "Localhost":
            yield f"      LocalhostProfile:\t{profile.get('localhostProfile', '')}"
    for title, field in (("Command", "command"), ("Args", "args")):
        if words := container.get(field):
            yield f"    {title}:"
            yield from (f"      {line}" for word in words for line in word.split("\n"))
    for title, field in (("Limits", "limits"), ("Requests", "requests")):
        if amounts := (container.get("resources") or {}).get(field):
            yield f"    {title}:"
            yield from (f"      {name}:\t{amount}" for name, amount in sorted(amounts.items()))
    for field, title in _PROBES:
        if probe := container.get(field):
            yield f"    {title}:\t{_probe(probe)}"
    if sources := container.get("envFrom"):
        yield "    Environment Variables from:"
        yield from map(_source, sources)
    yield from _titled(
        "Environment", (line for one in container.get("env") or () for line in _variable(one, container))
    )
    yield from _titled("Mounts", _mounts(container))
    if devices := container.get("volumeDevices"):
        found = sorted(f"{one['devicePath']} from {one['name']}" for one in devices)
        yield from _titled("Devices", found)


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    yield f"    {title}:" if found else f"    {title}:\t<none>"
    yield from (f"      {line}" for line in found)


def _ports(title: str, ports: list[str]) -> str:
    return f"    {title}{'s' if len(ports) > 1 else ''}:\t{', '.join(ports) or '<none>'}"


def _probe(probe: dict[str, Any]) -> str:
    numbers = " ".join(f"{word}={probe.get(field) or 0}{unit}" for word, field, unit in _NUMBERS)
    return f"{_asked(probe)} {numbers}"


def _asked(probe: dict[str, Any]) -> str:
    if "exec" in probe:
        return f"exec [{' '.join(probe['exec'].get('command') or ())}]"
    if http := probe.get("httpGet"):
        host = http.get("host") or ""
        address = f"[{host}]" if ":" in host else host
        path = quote(http.get("path") or "", safe="/$&+,:;=@~")
        return f"http-get {(http.get('scheme') or '').lower()}://{address}:{http['port']}{path}"
    if tcp := probe.get("tcpSocket"):
        return f"tcp-socket {tcp.get('host') or ''}:{tcp['port']}"
    if grpc := probe.get("grpc"):
        return f"grpc <pod>:{grpc['port']} {grpc.get('service') or ''}"
    return "unknown"


def _source(source: dict[str, Any]) -> str:
    """One entry of envFrom."""
    what, field = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
    held = source.get(field) or {}
    prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
    return f"      {held.get('name', '')}\t{what}{prefix}\tOptional: {is_optional(held)}"


def _variable(entry: dict[str, Any], container: dict[str, Any]) -> Iterator[str]:
    name, source = entry["name"], entry.get("valueFrom") or {}
    if field := source.get("fieldRef"):
        yield f"{name}:\t ({field.get('apiVersion', 'v1')}:{field['fieldPath']})"
    elif resource := source.get("resourceFieldRef"):
        yield f"{name}:\t{_amount(resource, container)} ({resource['resource']})"
    elif key := source.get("secretKeyRef"):
        kept = f"<set to the key '{key['key']}' in secret '{key.get('name', '')}'>"
        yield f"{name}:\t{kept}\tOptional: {is_optional(key)}"
    elif key := source.get("configMapKeyRef"):
        kept = f"<set to the key '{key['key']}' of config map '{key.get('name', '')}'>"
        yield f"{name}:\t{kept}\tOptional: {is_optional(key)}"
    elif not source:
        first, *more = str(entry.get("value") or "").split("\n")
        yield f"{name}:\t{first}"
        yield from (f"\t{line}" for line in more)


def _amount(source: dict[str, Any], container: dict[str, Any]) -> str:
    """Kubernetes: `ExtractContainerResourceValue`: units of the divisor, rounded up."""
    kind, _, resource = str(source["resource"]).partition(".")
    held = ((container.get("resources") or {}).get(kind) or {}).get(resource) or "0"
    divisor = parse(source.get("divisor") or "0") or Decimal(1)
    amount = str((parse(held) / divisor).to_integral_value(ROUND_CEILING))
    is_all = amount == "0" and source["resource"] in ("limits.cpu", "limits.memory")
    return "node allocatable" if is_all else amount


def _mounts(container: dict[str, Any]) -> Iterator[str]:
    for mount in sorted(container.get("volumeMounts") or (), key=lambda one: str(one["mountPath"])):
        flags = ["ro" if mount.get("readOnly") else "rw"]
        if path := mount.get("subPath"):
            flags.append(f"path={json.dumps(path, ensure_ascii=False)}")
        yield f"{mount['mountPath']} from {mount['name']} ({','.join(flags)})"
