"""What a URL means: which kind, namespace, object and subresource a path names. Pure.

The routes follow from `objects/kinds.py`; nothing else declares one. Leaves acting to `entrance.py`,
and whether a verb is served to the kind's own facts.
Kubernetes: apiserver pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from minisets.objects.kinds import SERVED, Kind, by_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OPEN = ("/healthz", "/livez", "/readyz", "/version")
"""The only paths that are answered without a token."""

_NAMESPACE_SUBRESOURCES = ("status", "finalize")


@dataclass(frozen=True)
class Target:
    """What a resource path names: a collection while `name` is empty."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parts_of(raw_path: str) -> tuple[str, ...]:
    """The path's decoded segments; a trailing slash says nothing (the Python client sends one)."""
    return tuple(unquote(part) for part in raw_path.strip("/").split("/") if part)


def is_open(parts: Sequence[str]) -> bool:
    """Whether this path is answered without a token."""
    return len(parts) == 1 and f"/{parts[0]}" in OPEN


def group_version(parts: Sequence[str]) -> tuple[str, str, tuple[str, ...]] | None:
    """Group, version and what follows; None for a path that names none."""
    match tuple(parts):
        case ("api", version, *rest):
            return "", version, tuple(rest)
        case ("apis", group, version, *rest):
            return group, version, tuple(rest)
    return None


def target(parts: Sequence[str]) -> Target | None:
    """What the path names, or None if there is no such resource."""
    found = group_version(parts)
    if found is None:
        return None
    group, version, rest = found
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in _NAMESPACE_SUBRESOURCES:
        namespace, rest = rest[1], rest[2:]
    return _in_namespace(group, version, namespace, rest)


def _in_namespace(group: str, version: str, namespace: str, rest: tuple[str, ...]) -> Target | None:
    if not 1 <= len(rest) <= 3:
        return None
    kind = by_resource(group, version, rest[0])
    if kind is None or (namespace and not kind.namespaced):
        return None
    if kind.namespaced and not namespace and len(rest) > 1:
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if subresource and kind.subresource(subresource) is None:
        return None
    return Target(kind, namespace, name, subresource)


def group_versions() -> tuple[tuple[str, str], ...]:
    """All served (group, version) pairs, the core group first; of a group the preferred version first."""
    pairs = sorted({(kind.group, kind.version) for kind in SERVED}, reverse=True)
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def root_of(group: str, version: str) -> str:
    """`/api/v1` or `/apis/apps/v1`."""
    return f"/apis/{group}/{version}" if group else f"/api/{version}"


def collection_of(kind: Kind, namespace: str = "{namespace}") -> str:
    """The path of a kind's collection, in a namespace where it has one."""
    root = root_of(kind.group, kind.version)
    return f"{root}/namespaces/{namespace}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"


def every() -> Iterator[str]:
    """Every path that is served, with `{namespace}` and `{name}` for what varies."""
    yield from OPEN
    yield from ("/api", "/apis", "/openapi/v2", "/openapi/v3")
    for group, version in group_versions():
        root = root_of(group, version)
        yield root
        yield f"/openapi/v3{root}"
        if group:
            yield f"/apis/{group}"
    for kind in SERVED:
        if kind.namespaced:
            yield f"{root_of(kind.group, kind.version)}/{kind.plural}"
        yield collection_of(kind)
        yield f"{collection_of(kind)}/{{name}}"
        for subresource in kind.subresources:
            yield f"{collection_of(kind)}/{{name}}/{subresource.name}"
