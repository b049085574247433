"""Rewrite README's part about fields: what is not honoured and what is approximated, by area and reason.

Everything is the fidelity table's; decided here is how it reads: rows of one reason are one entry, and a
field is named with the field that holds it (`hostPath.type`) where that is one. Run by scripts/fidelity.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the table of this tree, also where the package is not installed

from minisets.objects.fidelity_table import Row, rows  # noqa: E402 - needs the line above
from minisets.objects.schema import type_of, types  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BEGIN = "<!-- scripts/fidelity makes what follows, from minisets/objects/fidelity_{rows,pods}.py -->"
END = "<!-- up to here -->"
WIDTH = 118
MOST = 3
"""So many fields of one reason are named; one more is no longer than to say that there is one more."""

_SIGNS = {"approximated": "~", "not honoured": "-"}
_PLAIN = ("Spec", "Container", "Volume")
"""Types whose fields people know without a word before them; kinds are such too."""
_OF_MANY = frozenset(("spec", "rules", "roleRef", "value"))
"""Fields of kinds that say nothing without their kind."""


def part() -> str:
    """The text between the two marks."""
    table = [row for found in rows().values() for row in found]
    honoured = sum(row.how == "honoured" for row in table)
    intro = (
        "`minisets check -f FILE` says what becomes of each field of a file, by line and without an engine. "
        f"Of the table's {len(table)} rows {honoured} are honoured, each shown by a test. The others, `~` "
        "approximated, `-` not honoured:"
    )
    lines = [
        *textwrap.wrap(intro, WIDTH, break_on_hyphens=False),
        "",
        "| fields | | what happens |",
        "|---|---|---|",
        *(line for area in dict.fromkeys(row.area for row in table) for line in _area(area, table)),
    ]
    return "\n".join(lines) + "\n"


def _area(area: str, table: Sequence[Row]) -> Iterator[str]:
    """Its heading, and a line for each reason: those of what is approximated first, in the table's order."""
    found = [row for row in table if row.area == area and row.how != "honoured"]
    yield f"| **{area}** | | {'' if found else 'every field is honoured '}|"
    for how, sign in _SIGNS.items():
        by_reason: dict[str, dict[str, None]] = {}
        for row in found:
            if row.how == how:
                by_reason.setdefault(row.why, {})[_named(row)] = None
        yield from (f"| {_listed(list(names))} | `{sign}` | {why} |" for why, names in by_reason.items())


def _listed(names: list[str]) -> str:
    if len(names) > MOST + 1:
        names[MOST:] = [f"{len(names) - MOST} more"]
    return ", ".join(names)


def _named(row: Row) -> str:
    if row.field == "*":
        return f"other fields of `{_holder(row) or row.where}`"
    name = ".".join(filter(None, (_holder(row), row.field)))
    values = ", ".join(sorted(filter(None, row.only)))
    others = ", ".join(sorted(row.unless | row.besides))
    if values or others:
        return f"`{name}` ({values or f'not {others}'})"
    return f"`{name}`"


def _holder(row: Row) -> str:
    """The field by which the row's type is reached; empty for what needs no such word."""
    known = types().get(row.where)
    if known is None:
        return row.where.rpartition(".")[2].removesuffix("[]")
    if known.kind:
        return known.kind if row.field in _OF_MANY else ""
    if row.where.endswith(_PLAIN):
        return ""
    holding = {
        name
        for outer in types().values()
        for name, field in outer.fields.items()
        if type_of(field.items if field.type in ("array", "map") else field) is known
    }
    return holding.pop() if len(holding) == 1 else known.title


def rewritten(readme: str) -> str:
    """The README with that part in place; ValueError where a mark is missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md does not have the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{part()}{END}{after}"


def main() -> None:
    """Rewrite README.md."""
    file = ROOT / "README.md"
    file.write_text(rewritten(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
