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

_EVERY_KIND = ("metadata.name", "metadata.namespace")
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_SUPPORTED: dict[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "Event": (
        *(f"involvedObject.{name}" for name in _INVOLVED),
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP", "spec.type"),
}
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

    def check(self, kind_title: str) -> None:
        """BadRequest for a field that the kind does not answer for."""
        for term in self.terms:
            if term.path not in _EVERY_KIND + _SUPPORTED.get(kind_title, ()):
                raise BadRequest(f"field label not supported: {term.path}")

    def matches(self, kind_title: str, obj: Object) -> bool:
        """Whether every term holds for the object; BadRequest as in `check`."""
        self.check(kind_title)
        return all((_text_at(term.path, obj) == term.value) is term.equal for term in self.terms)

    def is_empty(self) -> bool:
        """Whether it restricts nothing."""
        return not self.terms

    def __str__(self) -> str:
        return ",".join(str(term) for term in self.terms)


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
    if path == "source":
        return str((obj.get("source") or {}).get("component") or obj.get("reportingComponent") or "")
    value: Any = obj
    for name in path.split("."):
        value = (value or {}).get(name)
    if path in _BOOLEAN:
        return "true" if value else "false"
    return "" if value is None else str(value)
