import io
import json
import tracemalloc
from typing import IO, cast

import pytest

from minisets.errors import ManifestError
from minisets.objects.kinds import Object
from minisets.objects.manifests import Manifest, read

HEAD = "apiVersion: v1\nkind: ConfigMap\n"


def manifests(text: str) -> list[Manifest]:
    return list(read(io.StringIO(text), "web.yaml"))


def only(text: str) -> Object:
    (found,) = manifests(text)
    return found.obj


def refusal(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        manifests(text)
    return str(caught.value)


class Endless:
    """A stream that is made as it is read."""

    def __init__(self, piece: str, times: int) -> None:
        self._piece, self._times, self._rest = piece, times, ""

    def read(self, size: int) -> str:
        while len(self._rest) < size and self._times:
            self._rest, self._times = self._rest + self._piece, self._times - 1
        text, self._rest = self._rest[:size], self._rest[size:]
        return text


def endless(piece: str, times: int) -> IO[str]:
    return cast("IO[str]", Endless(piece, times))


def test_documents_come_one_by_one_and_empty_ones_are_left_out() -> None:
    found = manifests(f"# a comment\n---\n---\n{HEAD}---\n# nothing\n---\n{HEAD}data: {{a: b}}\n...\n---\n")
    assert [manifest.obj.get("data") for manifest in found] == [None, {"a": "b"}]
    assert [(manifest.source, manifest.line) for manifest in found] == [("web.yaml", 4), ("web.yaml", 9)]


def test_a_file_of_nothing_has_no_objects() -> None:
    assert manifests("") == []
    assert manifests("# just a comment\n") == []


def test_json_is_read_too() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 'é "/"\n'}}
    assert only(json.dumps(obj, indent="\t")) == obj


def test_scalars_are_read_as_kubernetes_reads_them() -> None:
    text = HEAD + "data: {mode: 0755, day: 2001-01-01, on: yes, quoted: '0755', 80: x, t: !!str 5, e: }\n"
    assert only(text)["data"] == {
        "mode": 493,
        "day": "2001-01-01",
        "true": True,
        "quoted": "0755",
        "80": "x",
        "t": "5",
        "e": None,
    }


def test_lists_are_taken_apart() -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  spec:
    containers:
    - image: nginx
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: a}
"""
    pod, inner = manifests(text)
    assert (pod.obj["kind"], pod.line) == ("Pod", 4)
    assert pod.line_of("spec.containers[0].image") == 8
    assert inner.obj == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert inner.line_of("metadata.name") == 12


def test_a_field_is_found_by_its_line() -> None:
    text = HEAD + "metadata:\n  name: a\n  annotations:\n    minisets.dev/a: x\ndata: {k: v}\n"
    (found,) = manifests(f"---\n{text}")
    assert found.line_of("metadata.name") == 5
    assert found.line_of("metadata.annotations.minisets.dev/a") == 7
    assert found.line_of("metadata.name.further.down[3]") == 5
    assert found.line_of("spec.absent") == found.line == 2


def test_a_key_in_brackets_is_found_as_refusals_name_it() -> None:
    (found,) = manifests(HEAD + "data:\n  ca.crt: x\n  other: y\nlist:\n- a\n- b\n")
    assert found.line_of("data[ca.crt]") == 4
    assert found.line_of("data[absent key]") == 3
    assert found.line_of("list[1]") == 8


def test_what_comes_by_a_merge_key_or_an_alias_stands_where_that_does() -> None:
    text = HEAD + "a: &a\n  x: {y: 1}\nb:\n  <<: *a\nc: *a\nd:\n  <<: *a\n  x: 2\n"
    (found,) = manifests(text)
    assert [found.line_of(path) for path in ("a.x.y", "b.x", "b.x.y", "c.x.y", "d.x")] == [4, 6, 6, 7, 10]


def test_anchors_merge_keys_and_aliases_are_expanded_into_copies() -> None:
    text = HEAD + "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\nd: {<<: [{y: 4}, *a]}\n"
    obj = only(text)
    assert (obj["b"], obj["c"], obj["d"]) == ({"x": 1, "y": 3}, [{"x": 1, "y": 2}] * 2, {"x": 1, "y": 4})
    obj["c"][0]["x"] = "changed"
    assert obj["a"] == obj["c"][1] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (HEAD + "data:\n\ta: b\n", "4:1", "indent with spaces, not tabs"),
        (HEAD + "metadata: [a]\n", "3:1", "metadata is not a mapping"),
        (HEAD + "data: [a\nb: c\n", "4:2", "did not find expected ',' or ']'"),
        (HEAD + "data: a: b\n", "3:8", "mapping values are not allowed"),
        (HEAD + "data:\n  a: b\n   c: d\n", "5:5", "mapping values are not allowed"),
        (HEAD + "data: 'a\n", "4:1", "end of stream"),
        (HEAD + "data:\n  a: 1\n  a: 2\n", "5:3", 'duplicate field "a"; remove one of the two'),
        (HEAD + "data: *nobody\n", "3:7", "unknown alias *nobody; define it before"),
        (HEAD + "data: &a [*a]\n", "3:11", "*a contains itself"),
        (HEAD + "data: .nan\n", "3:7", "no form in JSON"),
        (HEAD + "data: {? [a] : b}\n", "3:10", "a key that is a mapping or a list"),
        (HEAD + "data: {~: b}\n", "3:8", "a key that is null"),
        (HEAD + "data: !!python/object:os.system x\n", "3:7", "the unknown tag !!python/object:os.system"),
        (HEAD + "data: !mine {}\n", "3:7", "the unknown tag !mine"),
        (HEAD + "data: {<<: 5}\n", "3:12", "<< takes a mapping"),
        (HEAD + "data: a\x07b\n", "3:8", "control character '\\x07'"),
        (HEAD + "data: " + "[" * 500, "3:207", "nested more than 200 deep"),
        ("- a\n", "1:1", "a list where a Kubernetes object is expected"),
        (f"{HEAD}---\njust words\n", "4:1", "a single value where a Kubernetes object is expected"),
        ("\nkind: Pod\n", "2:1", "this document has no apiVersion; add a line such as 'apiVersion: v1'"),
        ("apiVersion: v1\nmetadata: {}\n", "1:1", "this document has no kind"),
        ("apiVersion: 1\nkind: Pod\n", "1:1", "apiVersion is not text"),
        ("apiVersion: v1\nkind: List\nitems:\n- {}\n", "4:1", "this document has no apiVersion"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, place: str, problem: str) -> None:
    said = refusal(text)
    assert said.startswith(f"web.yaml:{place}: ")
    assert problem in said
    assert "\n" not in said


def test_text_that_is_not_utf_8_is_refused() -> None:
    stream = io.TextIOWrapper(io.BytesIO(HEAD.encode() + b"data: \xff\n"), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"web.yaml: not UTF-8 text .*; save it as UTF-8"):
        list(read(stream, "web.yaml"))


def test_documents_before_a_broken_one_are_read_first() -> None:
    reading = read(io.StringIO(f"{HEAD}---\n{{"), "web.yaml")
    assert next(reading).obj["kind"] == "ConfigMap"
    with pytest.raises(ManifestError):
        next(reading)


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    text = HEAD + "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for ordinal in range(1, 12):
        text += f"a{ordinal}: &a{ordinal} [{', '.join([f'*a{ordinal - 1}'] * 9)}]\n"
    tracemalloc.start()
    said = refusal(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "too many aliases" in said
    assert peak < 64 * 1024 * 1024


def test_a_large_text_that_is_repeated_by_aliases_is_refused() -> None:
    text = f"{HEAD}a: &a {'x' * 1_000_000}\nb: [*a, *a, *a, *a]\n"
    assert "too many aliases" in refusal(text)


def test_a_document_that_is_too_large_is_refused_without_reading_it_whole() -> None:
    stream = Endless("x" * 100_000, 10_000)
    with pytest.raises(ManifestError, match="more than 3 MiB"):
        list(read(cast("IO[str]", stream), "web.yaml"))
    assert stream._times > 9_900


def test_10000_documents_are_read_in_bounded_memory() -> None:
    piece = f"{HEAD}metadata:\n  name: a\n  labels: {{app: b}}\ndata:\n  text: |\n    {'x' * 400}\n---\n"
    tracemalloc.start()
    count = sum(1 for _ in read(endless(piece, 10_000), "web.yaml"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 2 * 1024 * 1024
