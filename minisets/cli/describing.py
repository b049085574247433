"""One object and its events into the text of `describe`. Pure.

Follows kubectl's generic describer: what is worth reading of any kind, in one layout.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from minisets.cli.render import aligned, plain
from minisets.objects.metadata import annotations_of, labels_of, name_of, namespace_of
from minisets.objects.owners import controller_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from minisets.objects.kinds import Object

_INDENT = 2
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])(?![A-Z]s(?![a-z]))")
_HIDDEN = ("apiVersion", "kind", "metadata")


def described(
    obj: Object, events: Sequence[Object], ages: Mapping[str, str], pods: Sequence[Object] | None = None
) -> str:
    """The whole text; `ages` has a text such as `5s` for each event's name. pods: those on it, of a node."""
    lines = [*_head(obj)]
    for key, value in obj.items():
        if key not in _HIDDEN:
            lines += _field(key, _sizes(value) if _is_secret(obj, key) else value, 0)
    if pods is not None:
        lines += _pods(pods)
    lines += _events(events, ages)
    return plain("\n".join(lines)) + "\n"


def _is_secret(obj: Object, key: str) -> bool:
    return obj.get("kind") == "Secret" and key in ("data", "stringData")


def _sizes(data: Any) -> dict[str, str]:
    """Kubernetes: kubectl pkg/describe `SecretDescriber`: a secret's values are not shown, only how long."""
    return {key: f"{len(base64.b64decode(value))} bytes" for key, value in (data or {}).items()}


def _head(obj: Object) -> Iterator[str]:
    yield _pair("Name", name_of(obj))
    if namespace := namespace_of(obj):
        yield _pair("Namespace", namespace)
    yield from _texts("Labels", labels_of(obj))
    yield from _texts("Annotations", annotations_of(obj))
    if (owner := controller_of(obj)) is not None:
        yield _pair("Controlled By", f"{owner['kind']}/{owner['name']}")
    if created := obj["metadata"].get("creationTimestamp"):
        yield _pair("Created", created)
    if deleted := obj["metadata"].get("deletionTimestamp"):
        yield _pair("Terminating since", deleted)


def _pair(key: str, value: str) -> str:
    return f"{key + ':':<19}{value}"


def _texts(title: str, texts: Mapping[str, str]) -> Iterator[str]:
    pairs = [
        f"{key}={value}" if title == "Labels" else f"{key}: {value.strip()}"
        for key, value in sorted(texts.items())
        if not key.endswith("/last-applied-configuration")
    ]
    yield _pair(title, pairs[0] if pairs else "<none>")
    yield from (" " * 19 + pair for pair in pairs[1:])


def _title(key: str) -> str:
    """`volumeClaimTemplates` as `Volume Claim Templates`."""
    words = _WORDS.sub(" ", key)
    return words[:1].upper() + words[1:]


def _field(key: str, value: Any, depth: int) -> Iterator[str]:
    pad = " " * (_INDENT * depth)
    if isinstance(value, dict):
        yield f"{pad}{_title(key)}:" + ("" if value else "  {}")
        for inner, item in value.items():
            yield from _field(inner, item, depth + 1)
    elif isinstance(value, list):
        yield f"{pad}{_title(key)}:"
        for item in value:
            yield from _item(item, depth + 1)
    else:
        yield f"{pad}{_title(key)}:  {_scalar(value)}"


def _item(item: Any, depth: int) -> Iterator[str]:
    """A list's element: its first line carries a dash."""
    pad = " " * (_INDENT * depth)
    if not isinstance(item, dict):
        yield f"{pad}- {_scalar(item)}"
        return
    lines = [line for key, value in item.items() for line in _field(key, value, depth + 1)]
    for number, line in enumerate(lines):
        yield f"{pad}- {line[len(pad) + _INDENT :]}" if number == 0 else line


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "<none>" if value is None else str(value)


def _pods(pods: Sequence[Object]) -> list[str]:
    """Kubernetes: kubectl pkg/describe `describeNodeResource`, without what they ask for."""
    if not pods:
        return ["Non-terminated Pods:  (0 in total)"]
    rows = [["  Namespace", "Name"], ["  ---------", "----"]]
    rows += [[f"  {namespace_of(pod)}", name_of(pod)] for pod in pods]
    return [f"Non-terminated Pods:  ({len(pods)} in total)", *aligned(rows)]


def _events(events: Sequence[Object], ages: Mapping[str, str]) -> list[str]:
    if not events:
        return ["Events:  <none>"]
    rows = [["  Type", "Reason", "Age", "From", "Message"], ["  ----", "------", "----", "----", "-------"]]
    for event in events:
        count = event.get("count") or 1
        age = ages.get(name_of(event), "")
        rows.append(
            [
                f"  {event.get('type', '')}",
                str(event.get("reason", "")),
                f"{age} (x{count})" if count > 1 else age,
                str((event.get("source") or {}).get("component", "")),
                str(event.get("message", "")).strip(),
            ]
        )
    return ["Events:", *aligned(rows)]
