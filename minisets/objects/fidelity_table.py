"""The text of the fidelity table into rows. Pure.

The text and its notation stand in `fidelity_rows.py`, the handles of tests in `fidelity_tests.py`. Leaves
what a row means for an object to `fidelity.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from minisets.objects.fidelity_rows import TABLE
from minisets.objects.fidelity_tests import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

How = Literal["honoured", "approximated", "not honoured"]
_SIGNS: dict[str, How] = {"+": "honoured", "~": "approximated", "-": "not honoured"}
_LINE = re.compile(r" +([-+~]) (.+?)(?:: (.+?))?(?: +\[([^\[\]]+)\])?")
_TOKEN = re.compile(r"([\w*]+)(?:(!?=)([^?]*)|\{(.*)\})?(?:\?(\w+))?")
_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)


@dataclass(frozen=True)
class Row:
    """One row. `where` is a type's name or `Kind:path`; `only` and `unless` are values as JSON has them.

    besides: keys of a map of which it does not speak. or_without: a field; where both it and the row's
    own are missing, the row speaks too. tests: those that show it, `tests/kubelet/test_spec.py::test_...`.
    area: under which heading of the table it stands.
    """

    where: str
    field: str
    how: How
    why: str = ""
    only: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    besides: frozenset[str] = frozenset()
    or_without: str = ""
    tests: tuple[str, ...] = ()
    area: str = ""

    def speaks_of(self, value: Any) -> bool:
        """Whether the row is meant for this value; what is empty or false asks for nothing."""
        text = value if isinstance(value, str) else json.dumps(value)
        if self.besides:
            return isinstance(value, dict) and not value.keys() <= self.besides
        if self.only:
            return text in self.only
        return value not in _EMPTY and text not in self.unless


@cache
def rows() -> Mapping[tuple[str, str], tuple[Row, ...]]:
    """All rows by (type or `Kind:path`, field)."""
    table: dict[tuple[str, str], list[Row]] = {}
    for row in _read():
        table.setdefault((row.where, row.field), []).append(row)
    return {key: tuple(found) for key, found in table.items()}


def _read() -> Iterator[Row]:
    area, places = "", [""]
    for line in filter(str.strip, TABLE.splitlines()):
        if line.startswith("# "):
            area = line.removeprefix("# ")
        elif not line.startswith(" "):
            places = line.split()
        else:
            yield from (replace(row, area=area) for where in places for row in _line(where, line))


@cache
def handles() -> Mapping[str, str]:
    """The short names of tests, as `fidelity_tests.py` has them."""
    found: dict[str, str] = {}
    file = ""
    for line in filter(str.strip, TESTS.splitlines()):
        if not line.startswith(" "):
            file = line
            continue
        handle, test = line.split()
        if handle in found:
            raise ValueError(f"two tests have the handle {handle}: {found[handle]} and {test}")
        found[handle] = f"tests/{file}::test_{test}"
    return found


def _line(where: str, line: str) -> Iterator[Row]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"the fidelity table's {where} has a line that is none: {line}")
    sign, fields, why, tests = found.groups()
    shown = tuple(_test(name) for name in (tests or "").split())
    for token in fields.split():
        yield _row(where, token, _SIGNS[sign], why or "", shown)


def _test(name: str) -> str:
    if "::" not in name and name not in handles():
        raise ValueError(f"the fidelity table names a test [{name}] that fidelity_tests.py does not have")
    return name if "::" in name else handles()[name]


def _row(where: str, token: str, how: How, why: str, tests: tuple[str, ...]) -> Row:
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise ValueError(f"the fidelity table's {where} has a token that is none: {token}")
    field, operator, values, keys, other = found.groups()
    named = frozenset((values or "").split("|")) if operator else frozenset()
    only, unless = (named, frozenset()) if operator == "=" else (frozenset(), named)
    besides = frozenset(keys.split("|")) if keys else frozenset()
    return Row(where, field, how, why, only, unless, besides, other or "", tests)
