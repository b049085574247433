"""`minisets check`: what would become of manifests, said without a server and without an engine.

`-o json` and `-o yaml` print one object: `objects`, how many were read; `counts`, how many remarks there
are of each class; `remarks`, in the order of the files: `file`, `line`, `object` (`StatefulSet/web`),
`field`, `class`, `reason`. Classes: `error`, `not served`, `gives a pod the machine`, `not honoured`,
`approximated`; with --all also `honoured`, which has `tests` beside. New keys may come, none goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from minisets.cli.checking import Remark, remarks, unreadable
from minisets.cli.files import Files, opened
from minisets.cli.render import as_json, as_yaml, plain
from minisets.cli.session import Session, note, say, with_session
from minisets.errors import ManifestError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class _Report:
    """What was found so far."""

    objects: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[Remark] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        said = [remark.as_json() for remark in self.remarks]
        return {"objects": self.objects, "counts": dict(self.counts), "remarks": said}

    def __str__(self) -> str:
        """`2 objects: 1 approximated, 3 not honoured`."""
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        return f"{self.objects} object{'s'[: self.objects != 1]}: {told or 'every field is honoured'}"


@click.command()
@click.option("-f", "--filename", "names", multiple=True, metavar="FILE|DIR|-", help="What to read.")
@click.option("-v", "--all", "everything", is_flag=True, help="List the fields that are honoured, too.")
@click.option("--strict", is_flag=True, help="Exit 1 for what `up --strict` refuses.")
@click.option("-o", "--output", "form", default="text", type=click.Choice(["text", "json", "yaml"]))
@with_session
def check(session: Session, names: tuple[str, ...], form: str, *, everything: bool, strict: bool) -> None:
    """Say what minisets makes of each field of the files, and what is wrong in them.

    Nothing is started, asked or changed. Exits 1 where something is wrong.
    """
    if not names:
        raise UsageError("name the files: minisets check -f FILE")
    report = _Report()
    with opened(names) as files:
        for remark in _remarks(session, files, report):
            if remark.what == "honoured" and not everything:
                continue
            report.counts[remark.what] += 1
            if form == "text":
                say(plain(str(remark)))
            else:
                report.remarks.append(remark)
    _end(report, form)
    if report.counts["error"] or (strict and report.counts.keys() - {"honoured"}):
        raise SystemExit(1)


def _remarks(session: Session, files: Files, report: _Report) -> Iterator[Remark]:
    """Those of every file, also of those behind a broken one; `report` counts the objects."""
    broken = False
    for (file, _), manifests in zip(files.sources, files.each(), strict=True):
        try:
            for manifest in manifests:
                report.objects += 1
                yield from remarks(manifest, session.namespace, session.clock)
        except ManifestError as error:
            broken = True
            yield unreadable(file, error)
    if not report.objects and not broken:
        raise files.nothing()


def _end(report: _Report, form: str) -> None:
    match form:
        case "json":
            say(as_json(report.as_json()).rstrip())
        case "yaml":
            say(as_yaml(report.as_json()).rstrip())
        case _:
            note(str(report))
