"""`get` and `describe`: what the API answers, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from minisets.cli import render
from minisets.cli.describing import described
from minisets.cli.node_rows import pods_on
from minisets.cli.session import Session, note, say, with_session
from minisets.errors import UsageError
from minisets.objects.kinds import KINDS, Kind, Ref, by_word
from minisets.objects.metadata import name_of, namespace_of, uid_of, version_of, without_managers

if TYPE_CHECKING:
    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object


_WHOLE = ("yaml", "json", "name")


@dataclass(frozen=True)
class Question:
    """What was asked for: kinds, a name or a selector, where, and in which form."""

    kinds: tuple[Kind, ...]
    name: str
    namespace: str
    labels: str
    output: str

    @property
    def wide(self) -> bool:
        """All columns."""
        return self.output == "wide"

    @property
    def everywhere(self) -> bool:
        """All namespaces."""
        return not self.namespace


def kinds_named(words: str) -> tuple[Kind, ...]:
    """The kinds behind `pods,pvc`, `all` or `statefulsets.apps`; UsageError for an unknown one."""
    kinds: list[Kind] = []
    for word in words.split(","):
        if word == "all":
            kinds += [kind for kind in KINDS if "all" in kind.categories]
            continue
        kind = by_word(word)
        if kind is None:
            known = ", ".join(kind.plural for kind in KINDS)
            raise UsageError(f'the server doesn\'t have a resource type "{word}"; it has: {known}')
        kinds.append(kind)
    return tuple(dict.fromkeys(kinds))


def what_and_name(words: tuple[str, ...]) -> tuple[str, str]:
    """`pod web-0`, `pod/web-0` or `pods` taken apart."""
    if len(words) > 2:
        raise UsageError("one kind and at most one name: minisets get KIND [NAME]")
    what, _, name = words[0].partition("/")
    return what, words[1] if len(words) == 2 else name


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="KIND [NAME]")
@click.option("-l", "--selector", default="", help="Only objects with these labels.")
@click.option("-o", "--output", default="", type=click.Choice(["", "wide", "yaml", "json", "name"]))
@click.option("-w", "--watch", is_flag=True, help="Go on printing what changes.")
@click.option("--show-managed-fields", is_flag=True, help="With -o yaml or json: who manages which field.")
@click.option("-A", "--all-namespaces", is_flag=True, help="In every namespace.")
@with_session
def get(
    session: Session,
    words: tuple[str, ...],
    selector: str,
    output: str,
    *,
    watch: bool,
    all_namespaces: bool,
    show_managed_fields: bool,
) -> None:
    """Print objects as a table, or as yaml, json or names."""
    what, name = what_and_name(words)
    namespace = "" if all_namespaces else session.namespace
    asked = Question(kinds_named(what), name, namespace, selector, output)
    _refuse_what_is_no_question(asked, watch=watch)
    client = session.client()
    if output in _WHOLE:
        _print_objects(client, asked, managers=show_managed_fields)
        return
    widths: list[int] = []
    version = _print_tables(client, asked, widths)
    if watch:
        _follow(client, asked, version, widths)


def _refuse_what_is_no_question(asked: Question, *, watch: bool) -> None:
    if asked.name and asked.labels:
        raise UsageError("name the object, or choose with -l: one of both")
    if asked.name and asked.everywhere:
        raise UsageError("a name alone is not unique across all namespaces: leave -A out, or the name")
    if watch and asked.output in _WHOLE:
        raise UsageError(f"-w prints lines of a table: leave -o {asked.output} out")
    if watch and len(asked.kinds) > 1:
        raise UsageError("watch one kind at a time")


def _print_objects(client: ApiClient, asked: Question, *, managers: bool) -> None:
    objects: list[Object] = []
    for kind in asked.kinds:
        if asked.name:
            objects.append(client.read(_ref(kind, asked)))
        else:
            objects += client.select(kind.title, _where(kind, asked), labels=asked.labels).items
    if asked.output == "name":
        for line in render.as_names(objects):
            say(line)
        return
    if not managers:
        objects = [without_managers(obj) for obj in objects]
    form = render.as_yaml if asked.output == "yaml" else render.as_json
    click.echo(form(objects[0] if asked.name else render.as_list(objects)), nl=False)


def _ref(kind: Kind, asked: Question) -> Ref:
    return Ref(kind.title, _where(kind, asked) or ("default" if kind.namespaced else ""), asked.name)


def _where(kind: Kind, asked: Question) -> str:
    return asked.namespace if kind.namespaced else ""


def _table(client: ApiClient, kind: Kind, asked: Question) -> Object:
    if asked.name:
        return client.read(_ref(kind, asked), table=True)
    return client.collection(kind.title, _where(kind, asked), labels=asked.labels, table=True)


def _print_tables(client: ApiClient, asked: Question, widths: list[int]) -> int:
    """Every table that has rows; returns the version of the last one. widths: of a single one's columns."""
    several = len(asked.kinds) > 1
    found, version = False, 0
    for kind in asked.kinds:
        table = _table(client, kind, asked)
        version = version_of(table)
        if not table.get("rows"):
            continue
        if found:
            say("")
        found = True
        prefix = f"{kind.singular}{'.' + kind.group if kind.group else ''}/" if several else ""
        for line in _lines(table, kind, asked, prefix=prefix, widths=None if several else widths):
            say(line)
    if not found:
        note(
            f"No resources found in {asked.namespace} namespace." if asked.namespace else "No resources found"
        )
    return version


def _lines(table: Object, kind: Kind, asked: Question, **how: Any) -> list[str]:
    return render.table_lines(table, wide=asked.wide, namespaces=asked.everywhere and kind.namespaced, **how)


def _follow(client: ApiClient, asked: Question, version: int, widths: list[int]) -> None:
    """A line for each change, in the columns of the lines before; the header comes with the first."""
    kind = asked.kinds[0]
    fields = f"metadata.name={asked.name}" if asked.name else ""
    watch = client.watch(
        kind.title, _where(kind, asked), since=version, labels=asked.labels, fields=fields, table=True
    )
    columns: list[Any] = []
    for event in watch:
        table = event.object
        if table.get("kind") != "Table":
            continue
        columns = table.get("columnDefinitions") or columns
        table = {**table, "columnDefinitions": columns}
        for line in _lines(table, kind, asked, header=not widths, widths=widths):
            say(line)


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="KIND NAME")
@click.option("-l", "--selector", default="", help="Objects with these labels.")
@with_session
def describe(session: Session, words: tuple[str, ...], selector: str) -> None:
    """Print objects whole, with their events."""
    what, name = what_and_name(words)
    asked = Question(kinds_named(what), name, session.namespace, selector, "")
    client = session.client()
    texts: list[str] = []
    for kind in asked.kinds:
        if name:
            objects = [client.read(_ref(kind, asked))]
        else:
            objects = list(client.select(kind.title, _where(kind, asked), labels=selector).items)
        texts += [_described(client, {**obj, "kind": kind.title}) for obj in objects]
    if not texts:
        note(f"No resources found in {session.namespace} namespace.")
    click.echo("\n\n".join(texts), nl=False)


def _described(client: ApiClient, obj: Object) -> str:
    fields = _events_of(obj)
    where = namespace_of(obj) or "default"
    events = client.select("Event", where, fields=fields).items
    table = client.collection("Event", where, fields=fields, table=True)
    ages = {
        name_of(row["object"]): str(row["cells"][0]) for row in table.get("rows") or [] if row.get("object")
    }
    pods = list(pods_on(obj, client.select("Pod").items)) if obj["kind"] == "Node" else None
    return described(obj, sorted(events, key=_when), ages, pods)


def _events_of(obj: Object) -> str:
    """Kubernetes: kubectl pkg/describe `NodeDescriber`: who writes of a node has its uid or only its name."""
    if obj["kind"] == "Node":
        return f"involvedObject.kind=Node,involvedObject.name={name_of(obj)}"
    return f"involvedObject.uid={uid_of(obj)}"


def _when(event: Object) -> tuple[str, int]:
    """Stamps are whole seconds; within one, the order of writing tells."""
    return event.get("lastTimestamp") or "", version_of(event)
