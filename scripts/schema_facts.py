"""Print schema.json: facts about every type that the served kinds reach, one line a type, sorted.

With --descriptions: what Kubernetes says about each type and field, for `explain`, in the same form.

Sources: the JSON schema in the PyPI package kubernetes-validate (types, formats, required, merge keys, list
kinds); snapshot-definitions.json beside this file for the kinds that Kubernetes has as custom resources, in
the same form (the fields of external-snapshotter's v1 CRDs); go-facts.txt for what a JSON schema cannot say
about Go's structs. Run by scripts/schema.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

RELEASE = "v1.37.0"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # the kinds of this tree, also where the package is not installed

from minisets.objects.kinds import CONVERTED, SERVED  # noqa: E402 - needs the line above

ALSO = (
    ("autoscaling", "v1", "Scale"),
    ("policy", "v1", "Eviction"),
    ("", "v1", "DeleteOptions"),
    ("authentication.k8s.io", "v1", "TokenRequest"),
)
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string", "format": "quantity"},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
    META + "Time": {"type": "string", "format": "date-time"},
    META + "MicroTime": {"type": "string", "format": "micro-time"},
    META + "FieldsV1": {"type": "any"},
    "io.k8s.apimachinery.pkg.runtime.RawExtension": {"type": "any"},
}
COPIED = {
    "x-kubernetes-patch-merge-key": "mergeKey",
    "x-kubernetes-patch-strategy": "patchStrategy",
    "x-kubernetes-list-type": "listType",
    "x-kubernetes-list-map-keys": "listMapKeys",
    "x-kubernetes-map-type": "mapType",
}


def definitions() -> dict[str, Any]:
    """Every definition of the release, by its long name."""
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"{RELEASE}-local"
    found: dict[str, Any] = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return found | json.loads((HERE / "snapshot-definitions.json").read_text(encoding="utf-8"))


def go_facts() -> dict[str, tuple[set[str], set[str], dict[str, str]]]:
    """By type: fields that are pointers to scalars, fields always written, Go's named types of fields."""
    facts = {}
    for line in (HERE / "go-facts.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, _, rest = line.partition(": ")
        pointers, always, named = ([] if part == "-" else part.split() for part in rest.split("; "))
        facts[name] = (set(pointers), set(always), dict(part.split("=") for part in named))
    return facts


def long_ref(schema: dict[str, Any]) -> str:
    """The long name that a `$ref` names, or nothing."""
    return str(schema.get("$ref", "")).rpartition("/")[2]


def targets(schema: dict[str, Any]) -> list[str]:
    """Long names of the types that a definition's fields name."""
    fields = schema.get("properties", {}).values()
    inner = [*fields, *(field.get("items") or field.get("additionalProperties") or {} for field in fields)]
    return [ref for field in inner if (ref := long_ref(field)) and ref not in SCALARS]


def reached(known: dict[str, Any]) -> list[str]:
    """Long names of all types that the served kinds reach, sorted."""
    wanted = {(kind.group, kind.version, kind.title) for kind in SERVED} | set(ALSO)
    todo = [META + "ListMeta"]
    for name, schema in known.items():
        versions = schema.get("x-kubernetes-group-version-kind", [])
        if any((gvk["group"], gvk["version"], gvk["kind"]) in wanted for gvk in versions):
            todo.append(name)
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += targets(known[name])
    return sorted(seen)


def short_names(names: list[str]) -> dict[str, str]:
    """`StatefulSetSpec`; of two with one name, the one outside core is `discovery.EndpointPort`.

    Of two in one group each has its version: `autoscaling.v2.MetricSpec`.
    """
    titles = [name.rpartition(".")[2] for name in names]
    inner = [".".join(name.split(".")[-3::2]) for name in names]
    shorts = {}
    for name, title, grouped in zip(names, titles, inner, strict=True):
        shared = titles.count(title) > 1 and ".core." not in name
        versioned = inner.count(grouped) > 1
        shorts[name] = ".".join(name.split(".")[-3:]) if versioned else grouped if shared else title
    return shorts


def field_facts(schema: dict[str, Any], shorts: dict[str, str]) -> dict[str, Any]:
    """One field's facts, its items' facts within."""
    facts = {ours: schema[theirs] for theirs, ours in COPIED.items() if theirs in schema}
    if ref := long_ref(schema):
        return {**SCALARS.get(ref, {"type": "object", "ref": shorts.get(ref)}), **facts}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    facts["type"] = next(kind for kind in kinds if kind != "null")
    if "items" in schema:
        facts["items"] = field_facts(schema["items"], shorts)
    elif "additionalProperties" in schema:
        facts |= {"type": "map", "items": field_facts(schema["additionalProperties"], shorts)}
    if "format" in schema:
        facts["format"] = schema["format"]
    return facts


def type_facts(name: str, schema: dict[str, Any], shorts: dict[str, str], go: Any) -> dict[str, Any]:
    """One type's facts: its package, its kind where it is one, and its fields."""
    pointers, always, named = go.get(shorts[name], (set(), set(), {}))
    fields = {}
    for field, inner in sorted(schema["properties"].items()):
        facts = field_facts(inner, shorts)
        facts |= {"required": True} if field in schema.get("required", ()) else {}
        facts |= {"pointer": True} if field in pointers else {}
        facts |= {"always": True} if field in always else {}
        facts |= {"goType": named[field]} if field in named else {}
        fields[field] = facts
    facts = {"package": name.rpartition(".")[0], "fields": fields}
    facts |= {"atomic": True} if schema.get("x-kubernetes-map-type") == "atomic" else {}
    versions = schema.get("x-kubernetes-group-version-kind", [])
    # Why: DeleteOptions is registered in every group; only one of its own version names it.
    found = min(versions, key=lambda gvk: (gvk["group"], gvk["version"]), default=None)
    if found is None:
        return facts
    gvk = [found["group"], found["version"], found["kind"]]
    other = next((kind for kind in CONVERTED if gvk == [kind.group, kind.version, kind.title]), None)
    return facts | {"gvk": gvk} | ({"knownAs": other.schema} if other else {})


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """What is said about a type (under an empty name) and about its fields."""
    fields = {name: field.get("description") for name, field in schema.get("properties", {}).items()}
    return {name: text for name, text in {"": schema.get("description"), **fields}.items() if text}


def main() -> None:
    """Print the facts, or the descriptions."""
    known = definitions()
    names = reached(known)
    shorts = short_names(names)
    if "--descriptions" in sys.argv[1:]:
        values = {shorts[name]: described(known[name]) for name in names}
        values |= {scalar.rpartition(".")[2]: described(known[scalar]) for scalar in SCALARS}
    else:
        go = go_facts()
        values = {shorts[name]: type_facts(name, known[name], shorts, go) for name in names}
    lines = (
        f"{json.dumps(short)}:{json.dumps(value, sort_keys=True, separators=(',', ':'))}"
        for short, value in sorted(values.items())
    )
    body = ",\n".join(lines)
    sys.stdout.write(f'{{"release":"{RELEASE}","types":{{\n{body}\n}}}}\n')


if __name__ == "__main__":
    main()
