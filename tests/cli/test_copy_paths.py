"""What `cp` is told, and how paths and archives name the same thing."""

from __future__ import annotations

import pytest

from minisets.cli.copy_paths import (
    Place,
    below,
    cleaned,
    in_archive,
    packing,
    place,
    put_into,
    refuse_both_ends,
    unpacking,
)
from minisets.errors import UsageError


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a/b", Place("", "", "a/b")),
        ("web-0:/data", Place("web-0", "mine", "/data")),
        ("theirs/web-0:a", Place("web-0", "theirs", "a")),
        ("web-0:C:/x", Place("web-0", "mine", "C:/x")),
    ],
)
def test_an_argument_names_a_path_here_or_in_a_pod(text: str, meant: Place) -> None:
    assert place(text, "mine") == meant


@pytest.mark.parametrize(
    ("text", "said"), [(":a", "filespec must"), ("a/b/c:d", "filespec must"), ("web-0:", "can not be empty")]
)
def test_an_argument_that_names_nothing_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        place(text, "mine")


def test_one_end_is_in_a_pod_and_only_one() -> None:
    here, there = Place("", "", "a"), Place("web-0", "mine", "a")
    refuse_both_ends(here, there)
    refuse_both_ends(there, here)
    for both in (here, there):
        with pytest.raises(UsageError, match="one of src or dest must be"):
            refuse_both_ends(both, both)


@pytest.mark.parametrize(
    ("path", "clean"), [("a//b/../c/", "a/c"), ("//a", "/a"), ("/", "/"), (".", "."), ("../a", "../a")]
)
def test_paths_are_cleaned(path: str, clean: str) -> None:
    assert cleaned(path) == clean


@pytest.mark.parametrize(
    ("path", "name"),
    [("/data/a", "data/a"), ("../../a", "a"), ("/", ""), (".", ""), ("..", ""), ("./a/", "a"), ("a", "a")],
)
def test_an_archive_names_nothing_from_the_root(path: str, name: str) -> None:
    assert in_archive(path) == name


@pytest.mark.parametrize(
    ("name", "top", "rest"),
    [
        ("data/a", "data", "a"),
        ("data/", "data", ""),
        ("./data/a/b", "data", "a/b"),
        ("database", "data", None),
        ("data/../etc/passwd", "data", None),
        ("../../etc", "data", None),
        ("a/b", "", "a/b"),
        ("./", "", ""),
    ],
)
def test_a_member_is_below_what_was_asked_for_or_is_refused(name: str, top: str, rest: str | None) -> None:
    assert below(name, top) == rest


@pytest.mark.parametrize(
    ("directory", "local", "path"),
    [("/data", "a/b", "/data/b"), ("/data", "b/", "/data/b"), ("/data/", ".", "/data"), ("/", "..", "/")],
)
def test_what_is_put_into_a_directory_keeps_its_name(directory: str, local: str, path: str) -> None:
    assert put_into(directory, local) == path


def test_the_commands_are_kubectls() -> None:
    assert unpacking("/data/a", preserve=True) == (("tar", "-xmf", "-", "-C", "/data"), "a")
    keep = ("--no-same-permissions", "--no-same-owner")
    assert unpacking("a", preserve=False) == (("tar", *keep, "-xmf", "-", "-C", "."), "a")
    assert unpacking("/", preserve=True) == (("tar", "-xmf", "-", "-C", "/"), ".")
    assert packing("/data") == ("tar", "cf", "-", "/data")
    assert packing("/a b", 10) == ("sh", "-c", 'tar cf - "$1" | tail -c +"$2"', "sh", "/a b", "11")
