"""Tables, objects and lists into text, as kubectl prints them. Pure: strings out, nothing printed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from minisets.objects.kinds import kind_of
from minisets.objects.metadata import name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from minisets.objects.kinds import Object

_GAP, _NARROWEST = 3, 6
_BREAK = re.compile(r"[\f\n\r]")


def columns_of(table: Object, *, wide: bool) -> list[int]:
    """Which columns are shown: those of priority 0, all of them when wide."""
    definitions = table.get("columnDefinitions") or []
    return [place for place, column in enumerate(definitions) if wide or not column.get("priority")]


def table_lines(
    table: Object,
    *,
    wide: bool = False,
    namespaces: bool = False,
    header: bool = True,
    prefix: str = "",
    widths: list[int] | None = None,
) -> list[str]:
    """A Table as aligned lines; `prefix` (`pod/`) stands before each name.

    widths: how wide columns were in earlier lines, so that later ones fall in; brought up to date.
    """
    shown = columns_of(table, wide=wide)
    rows = [_cells(row, shown, namespaces=namespaces, prefix=prefix) for row in table.get("rows") or []]
    if header:
        names = [str(table["columnDefinitions"][place]["name"]).upper() for place in shown]
        rows.insert(0, ["NAMESPACE", *names] if namespaces else names)
    return aligned(rows, widths)


def _cells(row: dict[str, Any], shown: Sequence[int], *, namespaces: bool, prefix: str) -> list[str]:
    cells = [_cell(row["cells"][place]) for place in shown]
    if prefix and cells:
        cells[0] = prefix + cells[0]
    return [namespace_of(row.get("object") or {}), *cells] if namespaces else cells


def _cell(value: Any) -> str:
    """Kubernetes: cli-runtime pkg/printers tableprinter.go: a cell is cut at the end of its first line."""
    if value is None:
        return "<none>"
    if isinstance(value, bool):
        return str(value).lower()
    first, *more = _BREAK.split(str(value), maxsplit=1)
    return plain(first) + ("..." if more else "")


def plain(text: str) -> str:
    """Text in which nothing commands the terminal that it is printed on."""
    return text.replace("\x1b", "^[")


def aligned(rows: Sequence[Sequence[str]], widths: list[int] | None = None) -> list[str]:
    """Rows with their columns under each other, three blanks between them, as kubectl's tab writer has it."""
    if not rows:
        return []
    known = [] if widths is None else widths
    known += [0] * (len(rows[0]) - len(known))
    for row in rows:
        known[:] = [max(width, len(cell)) for width, cell in zip(known, row, strict=True)]
    return [
        "".join(
            f"{cell:<{max(_NARROWEST, width + _GAP)}}" for cell, width in zip(row, known, strict=True)
        ).rstrip()
        for row in rows
    ]


def as_yaml(obj: Any) -> str:
    """YAML as kubectl prints it: keys sorted, lists not indented, text in blocks."""
    return str(yaml.dump(obj, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=2**16))


def as_json(obj: Any) -> str:
    """JSON, indented by four."""
    return json.dumps(obj, indent=4, ensure_ascii=False, sort_keys=True) + "\n"


def as_names(objects: Iterable[Object]) -> list[str]:
    """`pod/web-0`, one a line."""
    lines = []
    for obj in objects:
        kind = kind_of(obj["kind"])
        lines.append(f"{kind.singular}{'.' + kind.group if kind.group else ''}/{name_of(obj)}")
    return lines


def as_list(objects: Sequence[Object]) -> Object:
    """The `List` that kubectl wraps several objects in."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects), "metadata": {"resourceVersion": ""}}


class _Dumper(yaml.SafeDumper):
    """Text of several lines stands as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
