"""Reading manifests: YAML or JSON text into objects, one document at a time, in bounded memory.

Streams are handed in. Decides what is a readable document and where (file, line, column) it is not one;
every refusal is a ManifestError that says what to do. Leaves kinds and fields to the API.
Kubernetes: sigs.k8s.io/yaml, cli-runtime pkg/resource (visitor.go).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import yaml

from minisets.errors import ManifestError
from minisets.objects.documents import Document, Unreadable, documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.objects.kinds import Object

_KEY = re.compile(r"\[([^\]]*[^\]\d][^\]]*)\]")
"""`data[ca.crt]`, as refusals name a map's key; `lines` has `data.ca.crt`."""


@dataclass(frozen=True)
class Manifest:
    """One object, and where it stood: `lines` has the line of each key, by path.

    Paths read as in the API's messages: `spec.template.spec.containers[0].image`.
    """

    obj: Object
    source: str
    line: int
    lines: Mapping[str, int] = field(repr=False)

    def line_of(self, path: str) -> int:
        """The line of that field, or of the nearest field above it that is written down."""
        path = _KEY.sub(r".\1", path)
        while path not in self.lines and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, self.line)


def read(stream: IO[str], source: str) -> Iterator[Manifest]:
    """Every object in the text, lists taken apart, empty documents left out; ManifestError says where."""
    try:
        for document in documents(stream):
            yield from _objects(document, source)
    except Unreadable as wrong:
        raise ManifestError(f"{source}{wrong.place}: {wrong.problem}; {wrong.mend}") from None
    except yaml.MarkedYAMLError as error:
        raise ManifestError(_said(error, source)) from None
    except yaml.YAMLError as error:
        raise ManifestError(f"{source}: {error}; save it as YAML in UTF-8") from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{source}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _said(error: yaml.MarkedYAMLError, source: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    problem = " ".join(filter(None, (error.problem, error.context))) or "not YAML"
    mend = "check indentation, quotes and brackets at this line and the one before"
    if "cannot start any token" in problem:
        mend = "indent with spaces, not tabs, and quote values that begin with @, ` or %"
    return f"{source}{place}: {problem}; {mend}"


def _objects(document: Document, source: str) -> Iterator[Manifest]:
    if document.value is not None:
        yield from _expanded(document.value, source, document.line, document.lines)


def _expanded(value: Any, source: str, line: int, lines: Mapping[str, int]) -> Iterator[Manifest]:
    """The object, or the objects of a list: `kind: List`, or a typed one such as PodList."""
    place = f"{source}:{line}:1"
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "a single value"
        raise ManifestError(
            f"{place}: {what} where a Kubernetes object is expected; begin with apiVersion and kind"
        )
    _require(value, "apiVersion", place, "v1")
    _require(value, "kind", place, "StatefulSet")
    if not isinstance(value.get("metadata") or {}, dict):
        at = f"{source}:{lines.get('metadata', line)}:1"
        raise ManifestError(f"{at}: metadata is not a mapping; write it as e.g. 'metadata: {{name: web}}'")
    items = value.get("items")
    if not value["kind"].endswith("List") or not isinstance(items, list):
        yield Manifest(value, source, line, lines)
        return
    below = _by_item(lines)
    for ordinal, item in enumerate(items):
        inner = below.get(ordinal, {})
        yield from _expanded(_typed(item, value), source, inner.get("", line), inner)


def _typed(item: Any, owner: Object) -> Any:
    """Items of a typed list may leave their kind and apiVersion to it."""
    if owner["kind"] == "List" or not isinstance(item, dict):
        return item
    kind = owner["kind"].removesuffix("List")
    return {"apiVersion": owner["apiVersion"], "kind": kind, **item}


def _by_item(lines: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """The lines of each item of `items`, as if it were a document of its own."""
    below: dict[int, dict[str, int]] = {}
    for path, line in lines.items():
        if path.startswith("items["):
            ordinal, _, rest = path.removeprefix("items[").partition("]")
            below.setdefault(int(ordinal), {})[rest.removeprefix(".")] = line
    return below


def _require(value: Object, name: str, place: str, example: str) -> None:
    given = value.get(name)
    if given is None or given == "":
        raise ManifestError(f"{place}: this document has no {name}; add a line such as '{name}: {example}'")
    if not isinstance(given, str):
        raise ManifestError(f"{place}: {name} is not text; write it as e.g. '{name}: {example}'")
