"""Field selectors: `status.phase!=Running,spec.nodeName=minisets-0`, and the fields each kind answers for.

Kubernetes: apimachinery pkg/fields/selector.go; AddFieldLabelConversionFunc of each kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minisets.errors import BadRequest

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_NAME, _NAMESPACE = "metadata.name", "metadata.namespace"
_OBJECT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
# The fields that a kind answers for, each with where its value lies in what is stored.
_SUPPORTED: dict[str, dict[str, str]] = {
    "Pod": {
        **{name: name for name in (_NAME, _NAMESPACE)},
        **{
            name: name
            for name in (
                "spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "spec.hostNetwork",
                "status.phase",
                "status.podIP",
                "status.nominatedNodeName",
            )
        },
        "spec.host": "spec.nodeName",
        "status.podIPs": "",
    },
    "Event": {
        **{name: name for name in (_NAME, _NAMESPACE)},
        **{f"involvedObject.{name}": f"involvedObject.{name}" for name in _OBJECT},
        **{name: name for name in ("reason", "reportingComponent", "source", "type")},
    },
    "Event.v1.events.k8s.io": {
        **{name: name for name in (_NAME, _NAMESPACE)},
        **{f"regarding.{name}": f"involvedObject.{name}" for name in _OBJECT},
        **{name: name for name in ("reason", "type")},
        "reportingController": "reportingComponent",
    },
    "Node": {name: name for name in (_NAME, "spec.unschedulable")},
    "Namespace": {name: name for name in (_NAME, "status.phase")},
    "Secret": {name: name for name in (_NAME, _NAMESPACE, "type")},
    "Service": {name: name for name in (_NAME, _NAMESPACE, "spec.clusterIP", "spec.type")},
}
_EVERY_KIND = {name: name for name in (_NAME, _NAMESPACE)}
_BOOLEAN = ("spec.hostNetwork", "spec.unschedulable")


@dataclass(frozen=True)
class Term:
    """One comparison with a field's text."""

    path: str
    value: str
    equal: bool = True

    def __str__(self) -> str:
        escaped = re.sub(r"([\\,=])", r"\\\1", self.value)
        return f"{self.path}{'=' if self.equal else '!='}{escaped}"


@dataclass(frozen=True)
class FieldSelector:
    """Terms that must all hold."""

    terms: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, text: str) -> FieldSelector:
        r"""Terms with `=`, `==` or `!=`; a backslash escapes `,`, `=` and itself. BadRequest otherwise."""
        return cls(tuple(_term(part, text) for part in sorted(_parts(text)) if part))

    def check(self, schema: str) -> None:
        """BadRequest for a field that the kind, in the version of that schema, does not answer for."""
        for term in self.terms:
            if term.path not in _SUPPORTED.get(schema, _EVERY_KIND):
                raise BadRequest(_unsupported(schema, term.path))

    def matches(self, schema: str, obj: Object) -> bool:
        """Whether every term holds for the stored object; BadRequest as in `check`."""
        self.check(schema)
        places = _SUPPORTED.get(schema, _EVERY_KIND)
        return all((_text_at(places[term.path], obj) == term.value) is term.equal for term in self.terms)

    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return not self.terms

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.terms)


def _unsupported(schema: str, path: str) -> str:
    """Kubernetes: AddFieldLabelConversionFunc of a kind, else DefaultMetaV1FieldSelectorConversion."""
    if schema not in _SUPPORTED:
        return f'"{path}" is not a known field selector: only "{_NAME}", "{_NAMESPACE}"'
    return f"field label not supported: {path}"


def _parts(text: str) -> list[str]:
    return re.findall(r"(?:\\.|[^\\,]|\\$)+", text, re.DOTALL)


def _term(part: str, whole: str) -> Term:
    found = re.match(r"(?s)(.*?)(!=|==|=)(.*)", part)
    if found is None:
        raise BadRequest(f"invalid selector: '{whole}'; can't understand '{part}'")
    path, operator, value = found.groups()
    return Term(path, _unescaped(value), equal=operator != "!=")


def _unescaped(value: str) -> str:
    for token in re.findall(r"(?s)\\.?|[^\\]", value):
        if token in {"=", ","}:
            raise BadRequest(f"invalid field selector: unescaped character in value: {ord(token)}")
        if token.startswith("\\") and token not in {"\\\\", "\\,", "\\="}:
            raise BadRequest(f"invalid field selector: invalid escape sequence: {token}")
    return re.sub(r"\\(.)", r"\1", value)


def _text_at(path: str, obj: Object) -> str:
    if not path:
        return ""
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    value: Any = obj
    for name in path.split("."):
        value = (value or {}).get(name)
    if path in _BOOLEAN:
        return "true" if value else "false"
    return "" if value is None else str(value)
