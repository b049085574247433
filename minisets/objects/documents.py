"""YAML text into JSON values, one document at a time, each with the lines of its keys.

Built from the parser's events. Decides the bounds: a document's size, its depth, and what aliases may
expand to. Leaves scalars' meaning to `yamlvalues.py`, what an object must have to `manifests.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import yaml
from yaml import events

from minisets.objects import yamlvalues
from minisets.objects.jsonvalues import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 3 * 1024 * 1024
"""Characters of one document, also after its aliases are expanded: as much as an API server takes."""
DEEPEST = 200
CHUNK = 64 * 1024
_MERGE = "<<"
_YAML_TAG = "tag:yaml.org,2002:"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it


class Unreadable(Exception):
    """What is wrong with a document, and at which line and column; becomes a ManifestError."""

    def __init__(self, problem: str, mend: str, at: tuple[int, int]) -> None:
        super().__init__(problem)
        self.problem, self.mend = problem, mend
        self.place = f":{at[0]}:{at[1]}"


def _at(event: yaml.Event) -> tuple[int, int]:
    """Line and column as people count them."""
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


@dataclass(frozen=True)
class Document:
    """One document's value; `line` is where its content begins, `lines` where each path's key stands."""

    value: Any
    line: int
    lines: dict[str, int]


class _Node(NamedTuple):
    value: Any
    size: int


def documents(stream: IO[str]) -> Iterator[Document]:
    """Each document of the stream, read as it is asked for; Unreadable, or a YAML error, where it ends."""
    bounded = _Bounded(stream)
    parsed = yaml.parse(cast("IO[str]", bounded), Loader=_LOADER)
    for event in parsed:
        if isinstance(event, events.DocumentStartEvent):
            bounded.document_begins()
            builder = _Builder(parsed)
            first = next(parsed)
            value = builder.node(first, "", 0).value
            yield Document(value, _at(first)[0], builder.lines)


class _Bounded:
    """A stream that refuses to be read much further than one document may be long."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._left = LARGEST + 2 * CHUNK
        self._line = 1

    def document_begins(self) -> None:
        self._left = LARGEST + 2 * CHUNK

    def read(self, size: int = CHUNK) -> str:
        text = self._stream.read(min(size, CHUNK) if size > 0 else CHUNK)
        self._left -= len(text)
        if self._left < 0:
            raise Unreadable(_TOO_LARGE, _SPLIT, (self._line, 1))
        strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
        if strange:
            before = text[: strange.start()]
            line = self._line + before.count("\n")
            column = len(before) - (before.rfind("\n") + 1) + 1
            problem = f"the control character {strange.group()!r}, which YAML does not allow"
            raise Unreadable(problem, "remove it, or write it as an escape in double quotes", (line, column))
        self._line += text.count("\n")
        return text


_TOO_LARGE = f"a document of more than {LARGEST // 1024 // 1024} MiB"
_SPLIT = "split it, or keep large data in volumes"


class _Builder:
    """Builds one document's value from its events."""

    def __init__(self, parsed: Iterator[yaml.Event]) -> None:
        self._parsed = parsed
        self._anchors: dict[str, _Node | None] = {}
        self._size = 0
        self.lines: dict[str, int] = {}

    def node(self, event: yaml.Event, path: str, depth: int) -> _Node:
        if isinstance(event, events.AliasEvent):
            return self._alias(event)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = None  # being built: an alias to it from within has no end
        if depth > DEEPEST:
            raise Unreadable(f"nested more than {DEEPEST} deep", "flatten it", _at(event))
        before = self._size
        match event:
            case events.MappingStartEvent():
                self._count(1, event)
                value: Any = self._mapping(event, path, depth)
            case events.SequenceStartEvent():
                self._count(1, event)
                value = self._sequence(event, path, depth)
            case events.ScalarEvent():
                self._count(len(event.value) + 1, event)
                value = self._scalar(event)
            case _:
                raise Unreadable("unexpected YAML", "check this line", _at(event))
        built = _Node(value, self._size - before)
        if anchor:
            self._anchors[anchor] = built
        return built

    def _count(self, size: int, event: yaml.Event, *, aliased: bool = False) -> None:
        self._size += size
        if self._size <= LARGEST:
            return
        if aliased:
            problem = f"too many aliases: the document expands to more than {LARGEST // 1024 // 1024} MiB"
            raise Unreadable(problem, "write the values out, or use fewer aliases", _at(event))
        raise Unreadable(_TOO_LARGE, _SPLIT, _at(event))

    def _alias(self, event: events.AliasEvent) -> _Node:
        name = event.anchor
        if name not in self._anchors:
            raise Unreadable(f"unknown alias *{name}", f"define it before with &{name}", _at(event))
        known = self._anchors[name]
        if known is None:
            raise Unreadable(f"*{name} contains itself", "write the value out", _at(event))
        self._count(known.size, event, aliased=True)
        # Why a copy: whoever changes one place of an object must not change another.
        return _Node(copied(known.value), known.size)

    def _sequence(self, event: events.SequenceStartEvent, path: str, depth: int) -> list[Any]:
        _refuse_tag(event, "seq")
        items: list[Any] = []
        while not isinstance(inner := next(self._parsed), events.SequenceEndEvent):
            here = f"{path}[{len(items)}]"
            self.lines[here] = _at(inner)[0]
            items.append(self.node(inner, here, depth + 1).value)
        return items

    def _mapping(self, event: events.MappingStartEvent, path: str, depth: int) -> dict[str, Any]:
        _refuse_tag(event, "map")
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(inner := next(self._parsed), events.MappingEndEvent):
            if _is_merge(inner):
                known = self._merge(path, depth)
                self._came_by(known, path, _at(inner)[0])
                merged = known | merged
                continue
            name = self._key(inner, depth)
            if name in found:
                raise Unreadable(f'duplicate field "{name}"', "remove one of the two", _at(inner))
            here = f"{path}.{name}" if path else name
            self.lines[here] = _at(inner)[0]
            found[name] = self.node(next(self._parsed), here, depth + 1).value
        return merged | found if merged else found

    def _came_by(self, merged: dict[str, Any], path: str, line: int) -> None:
        """Keys that no line of this mapping names stand where `<<` does."""
        for name in merged:
            self.lines.setdefault(f"{path}.{name}" if path else name, line)

    def _key(self, event: yaml.Event, depth: int) -> str:
        value = self.node(event, "", depth + 1).value
        if isinstance(value, dict | list):
            mend = "keys are plain words; quote values that begin with { or ["
            raise Unreadable("a key that is a mapping or a list", mend, _at(event))
        try:
            return yamlvalues.key(value)
        except ValueError as error:
            raise Unreadable(str(error), "give the field a name", _at(event)) from None

    def _merge(self, path: str, depth: int) -> dict[str, Any]:
        """`<<: *other`, or a list of such: what stands earlier wins."""
        event = next(self._parsed)
        value = self.node(event, path, depth + 1).value
        parts = value if isinstance(value, list) else [value]
        merged: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, dict):
                raise Unreadable("<< takes a mapping", "name an anchor of a mapping", _at(event))
            merged = part | merged
        return merged

    def _scalar(self, event: events.ScalarEvent) -> yamlvalues.Scalar:
        tag, text = event.tag, str(event.value)
        try:
            if tag is None:
                return text if event.style else yamlvalues.plain(text)
            if tag == "!":
                return text
            if tag.removeprefix(_YAML_TAG) in yamlvalues.TAGS:
                return yamlvalues.tagged(tag.removeprefix(_YAML_TAG), text)
        except ValueError as error:
            raise Unreadable(str(error), "put it in quotes if it is text", _at(event)) from None
        raise Unreadable(f"the unknown tag {tag.replace(_YAML_TAG, '!!')}", "leave the tag out", _at(event))


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, events.ScalarEvent) and event.value == _MERGE and not event.style


def _refuse_tag(event: events.CollectionStartEvent, expected: str) -> None:
    if event.tag not in (None, "!", _YAML_TAG + expected):
        raise Unreadable(f"the unknown tag {event.tag}", "leave the tag out", _at(event))
