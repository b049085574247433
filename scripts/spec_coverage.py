"""Compare the spec's items, as tests/spec-items.txt lists them, with the ids that tests cite.

A test cites an item in its own docstring or in its module's: `A-4, A-6`, `A-69..A-72`, `A-60 to A-65`.
What counts as a test: functions `test_*`, also in classes, and a Hypothesis machine's rules and
invariants. Whether the test shows what it cites is for its reader. Run by scripts/spec-coverage.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
SUITES = ("test_*.py", "contracts/*.py", "models/*.py")
STEPS = {"rule", "invariant", "initialize"}
LONGEST = 100

_CITED = re.compile(r"\bA-(\d+)(?:\s*(?:\.{2,3}|…|\bto\b)\s*A-(\d+))?")
_SECTION = re.compile(r"#+ (A\.\d+) .+")
_ITEM = re.compile(r"(A-\d+)\s+([^\[\]]+?)(?:\s+\[(out|later): ([^\[\]]+)\])?")
_IN_SPEC = re.compile(r"- (A-\d+) ")


@dataclass(frozen=True)
class Item:
    """One claim. mark: "out" or "later", for a reason; or "" where a test is due."""

    id: str
    section: str
    text: str
    mark: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Citation:
    """Where a test names an item."""

    id: str
    where: str


def items_in(text: str) -> list[Item]:
    """The list's items; ValueError names the first line that is none."""
    items, section = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
        elif line and not line.startswith("#"):
            found = _ITEM.fullmatch(line)
            if not found or len(found[2]) > LONGEST:
                raise ValueError(f"line {number} is not `A-n  at most {LONGEST} characters [mark: reason]`")
            items.append(Item(found[1], section, found[2], found[3] or "", found[4] or ""))
    return items


def sections_in(spec: str) -> dict[str, str]:
    """The section of each item of the spec itself."""
    sections, section = {}, ""
    for line in spec.splitlines():
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
        elif found := _IN_SPEC.match(line):
            sections[found[1]] = section
    return sections


def ids_in(docstring: str) -> list[str]:
    """Every id that the words name, those within a range included."""
    ids = []
    for first, last in _CITED.findall(docstring):
        ids += [f"A-{number}" for number in range(int(first), int(last or first) + 1)]
    return ids


def citations_in(source: str, name: str) -> Iterator[Citation]:
    """The citations of one test module, in order."""
    for node in _tests(ast.parse(source)):
        line = getattr(node, "lineno", 1)
        for item in ids_in(ast.get_docstring(node) or ""):
            yield Citation(item, f"{name}:{line}")


def _tests(node: ast.Module | ast.ClassDef) -> Iterator[ast.Module | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The module and its tests; functions within functions are none."""
    if isinstance(node, ast.Module):
        yield node
    for inner in node.body:
        if isinstance(inner, ast.ClassDef):
            yield from _tests(inner)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and _is_test(inner):
            yield inner


def _is_test(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = (node.func if isinstance(node, ast.Call) else node for node in function.decorator_list)
    names = {ast.unparse(node).rpartition(".")[2] for node in called}
    return function.name.startswith("test_") or not names.isdisjoint(STEPS)


def citations(root: Path) -> list[Citation]:
    """Those of every test under the root."""
    paths = {path for pattern in SUITES for path in (root / "tests").rglob(pattern)}
    return [
        citation
        for path in sorted(paths)
        for citation in citations_in(path.read_text(encoding="utf-8"), str(path.relative_to(root)))
    ]


def complaints(
    items: Sequence[Item], cited: Sequence[Citation], spec: Mapping[str, str] | None
) -> Iterator[str]:
    """What is wrong, a line each. spec: the section of each item, where the spec itself is at hand."""
    sections = {item.id: item.section for item in items}
    repeated = Counter(item.id for item in items)
    yield from (f"listed twice: {item}" for item, times in repeated.items() if times > 1)
    if spec is not None:
        wrong = sorted({item for item, _ in spec.items() ^ sections.items()}, key=_number)
        yield from (f"not listed as the spec has it: {item}" for item in wrong)
    yield from (f"{one.where} cites {one.id}, which is no item" for one in cited if one.id not in sections)
    named = {one.id for one in cited}
    due = (item for item in items if not item.mark and item.id not in named)
    yield from (f"no test cites {item.id}: {item.text}" for item in due)


def _number(item: str) -> int:
    return int(item.removeprefix("A-"))


def summary(items: Sequence[Item], cited: Iterable[Citation]) -> str:
    """How many there are of each."""
    named = {one.id for one in cited}
    due = [item for item in items if not item.mark]
    later = [item for item in items if item.mark == "later"]
    out = sum(item.mark == "out" for item in items)
    return (
        f"{len(due) + out} items, {_cited(due, named)} cited, {out} out of scope with reasons; "
        f"{len(later)} items are for later: {_cited(later, named)} of them cited"
    )


def _cited(items: Iterable[Item], named: Collection[str]) -> int:
    return sum(item.id in named for item in items)


def main(root: Path = ROOT) -> int:
    """Print what is wrong and the summary; 1 if anything is wrong."""
    try:
        items = items_in((root / "tests/spec-items.txt").read_text(encoding="utf-8"))
    except ValueError as error:
        sys.stdout.write(f"tests/spec-items.txt: {error}\n")
        return 1
    cited = citations(root)
    spec = root.parent / "shared/spec/statefulset.md"
    known = sections_in(spec.read_text(encoding="utf-8")) if spec.exists() else None
    wrong = list(complaints(items, cited, known))
    sys.stdout.writelines(f"{line}\n" for line in (*wrong, f"spec-coverage: {summary(items, cited)}"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
