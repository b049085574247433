"""`-f` into manifests."""

import io
import os
import sys
import threading
from pathlib import Path

import pytest

from minisets.cli.files import opened
from minisets.errors import ManifestError, UsageError

TEXT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"


def names(*arguments: str) -> list[str]:
    """What the files hold, read twice as `up` reads them."""
    with opened(arguments) as files:
        first = [f"{manifest.source}:{manifest.obj['metadata']['name']}" for manifest in files]
        assert [f"{manifest.source}:{manifest.obj['metadata']['name']}" for manifest in files] == first
    return first


def test_files_come_in_the_order_named(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(TEXT.format(name))
    assert names(str(tmp_path / "b.yaml"), str(tmp_path / "a.yaml")) == [
        f"{tmp_path}/b.yaml:b",
        f"{tmp_path}/a.yaml:a",
    ]


def test_a_folder_stands_for_its_own_manifests_by_name(tmp_path: Path) -> None:
    for name in ("b.yml", "a.yaml", "c.json", "notes.txt"):
        text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
        (tmp_path / name).write_text(text if name == "c.json" else TEXT.format(name[0]))
    (tmp_path / "inner.yaml").mkdir()
    assert names(str(tmp_path)) == [f"{tmp_path}/a.yaml:a", f"{tmp_path}/b.yml:b", f"{tmp_path}/c.json:c"]


def test_standard_input_is_read_once_and_iterated_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.format("a").encode())))
    assert names("-") == ["stdin:a"]


def test_a_pipe_is_read_once_and_iterated_twice(tmp_path: Path) -> None:
    """`-f <(command)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(TEXT.format("a"),))
    writer.start()
    assert names(str(pipe)) == [f"{pipe}:a"]
    writer.join()


def test_a_path_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"), opened([str(tmp_path / "missing")]):
        pass


def test_a_folder_without_manifests_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no .yaml, .yml or .json files"), opened([str(tmp_path)]):
        pass


def test_files_without_objects_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing\n---\n")
    with pytest.raises(ManifestError, match="no objects in it"):
        names(str(tmp_path / "a.yaml"))


def test_what_is_broken_is_said_with_file_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: [\n")
    with pytest.raises(ManifestError, match=r"a\.yaml:3:1: "):
        names(str(tmp_path / "a.yaml"))
