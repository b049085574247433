"""Our entries in a person's own kubeconfig."""

from typing import Any

import pytest
import yaml

from minisets.client.access import Access
from minisets.client.merging import entry_name, merged, without
from minisets.errors import MinisetsError

ACCESS = Access("https://127.0.0.1:6443", "-----BEGIN CERTIFICATE-----\n", "secret")
MOVED = Access("https://127.0.0.1:7443", "-----BEGIN CERTIFICATE-----\n", "other")
THEIRS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "preferences": {"colors": True},
    "clusters": [{"name": "work", "cluster": {"server": "https://work.example"}}],
    "users": [{"name": "me", "user": {"token": "theirs"}}],
    "contexts": [{"name": "work", "context": {"cluster": "work", "user": "me"}}],
    "current-context": "work",
}
TEXT = yaml.safe_dump(THEIRS, sort_keys=False)


def merge(text: str, access: Access = ACCESS, cluster: str = "minisets", *, use: bool = False) -> str:
    return merged(text, access, cluster, use=use, source="a file")


def test_what_was_there_stays_and_ours_comes_behind_it() -> None:
    said = yaml.safe_load(merge(TEXT))
    for key in ("clusters", "users", "contexts"):
        assert said[key][0] == THEIRS[key][0]
        assert [one["name"] for one in said[key][1:]] == ["minisets"]
    assert said["contexts"][1]["context"] == {
        "cluster": "minisets",
        "user": "minisets",
        "namespace": "default",
    }
    assert said["preferences"] == {"colors": True}


@pytest.mark.parametrize(("use", "current"), [(False, "work"), (True, "minisets")])
def test_the_current_context_changes_only_when_asked_to(use: bool, current: str) -> None:  # noqa: FBT001
    assert yaml.safe_load(merge(TEXT, use=use))["current-context"] == current


def test_nothing_becomes_a_kubeconfig() -> None:
    said = yaml.safe_load(merge(""))
    assert (said["apiVersion"], said["kind"]) == ("v1", "Config")
    assert "current-context" not in said


def test_merging_again_replaces_ours() -> None:
    said = yaml.safe_load(merge(merge(TEXT), MOVED))
    assert [one["name"] for one in said["clusters"]] == ["work", "minisets"]
    assert said["clusters"][1]["cluster"]["server"] == MOVED.url
    assert said["users"][1]["user"]["token"] == MOVED.token


def test_several_clusters_have_names_that_tell_them_apart() -> None:
    said = yaml.safe_load(merge(merge(TEXT), cluster="dev"))
    assert [one["name"] for one in said["contexts"]] == ["work", "minisets", "minisets-dev"]
    assert (entry_name("minisets"), entry_name("dev")) == ("minisets", "minisets-dev")


def test_anothers_entry_of_our_name_is_left_alone() -> None:
    text = TEXT.replace("name: work", "name: minisets")
    with pytest.raises(MinisetsError, match=r'a file has .* "minisets" that is not minisets\''):
        merge(text)
    assert without(text, "minisets", "a file") is None


def test_taking_ours_out_gives_the_file_back() -> None:
    assert without(merge(TEXT), "minisets", "a file") == TEXT
    left = without(merge(TEXT, use=True), "minisets", "a file")
    assert left is not None
    assert yaml.safe_load(left) == {**THEIRS, "current-context": ""}


def test_another_clusters_entries_are_not_taken_out() -> None:
    assert without(merge(TEXT, cluster="dev"), "minisets", "a file") is None
    assert without(TEXT, "minisets", "a file") is None


@pytest.mark.parametrize("text", ["- 1", "text", "clusters: 1", "clusters: [1]", "a: ["])
def test_what_is_no_kubeconfig_stays_as_it_is(text: str) -> None:
    with pytest.raises(MinisetsError, match=r"a file is no .* stays as it is"):
        merge(text)
