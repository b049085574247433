from typing import Any

import pytest

from minisets.controllers.volumes.matching import best_match, is_for, misfit
from minisets.objects.kinds import Object
from minisets.objects.metadata import name_of
from tests.controllers.volumes.make import claim, reserved_for, volume, with_metadata, with_status


def chosen(*volumes: Object, **spec: Any) -> str:
    found = best_match(claim(**spec), volumes)
    return name_of(found) if found else ""


def test_the_smallest_volume_that_is_large_enough_is_chosen() -> None:
    """A-135."""
    sizes = {"small": "500Mi", "large": "10Gi", "fitting": "2Gi"}
    assert chosen(*(volume(name, size) for name, size in sizes.items())) == "fitting"


def test_fewer_access_modes_come_before_less_size() -> None:
    """A-135."""
    many = volume("a-many", "1Gi", accessModes=["ReadWriteOnce", "ReadOnlyMany"])
    assert chosen(many, volume("b-one", "5Gi")) == "b-one"
    assert chosen(many, volume("b-one", "5Gi"), accessModes=["ReadOnlyMany"]) == "a-many"


@pytest.mark.parametrize(
    "wrong",
    [
        volume(size="999Mi"),
        volume(accessModes=["ReadOnlyMany"]),
        volume(storageClassName="fast"),
        volume(volumeMode="Block"),
        volume(claimRef=reserved_for("other")),
        with_status(volume(), phase="Released"),
        with_status(volume(), phase="Pending"),
        with_metadata(volume(), deletionTimestamp="2026-01-01T00:00:00Z"),
    ],
    ids=["size", "modes", "class", "volumeMode", "another's", "Released", "Pending", "being deleted"],
)
def test_one_thing_wrong_and_a_volume_does_not_match(wrong: Object) -> None:
    """A-135, A-136."""
    assert chosen(volume()) == "disk"
    assert chosen(wrong) == ""


def test_a_selector_looks_at_the_volumes_labels() -> None:
    """A-135."""
    labelled = with_metadata(volume("ssd"), labels={"disk": "ssd"})
    selector = {"matchLabels": {"disk": "ssd"}}
    assert chosen(volume("a"), labelled, selector=selector) == "ssd"
    assert chosen(volume("a"), selector=selector) == ""


def test_a_volume_that_a_person_reserved_wins_whatever_its_class_selector_and_phase() -> None:
    """A-136."""
    reserved = with_status(
        volume("z", "5Gi", claimRef=reserved_for("www-web-0"), storageClassName="fast"), phase="Pending"
    )
    assert chosen(volume("a"), reserved, selector={"matchLabels": {"disk": "ssd"}}) == "z"


def test_a_reserved_volume_must_still_be_large_enough_and_of_the_mode() -> None:
    """A-136."""
    for wrong in (volume(size="1Mi"), volume(volumeMode="Block"), volume(accessModes=["ReadOnlyMany"])):
        wrong["spec"]["claimRef"] = reserved_for("www-web-0")
        assert chosen(wrong) == ""


def test_a_volume_of_an_earlier_claim_of_that_name_is_anothers() -> None:
    """A-141."""
    released = volume(claimRef=reserved_for("www-web-0", "uid-of-an-earlier-one"))
    assert not is_for(released, claim())
    assert chosen(released) == ""


def test_before_a_pod_is_placed_only_reserved_volumes_count() -> None:
    """A-140."""
    assert best_match(claim(), [volume()], only_pre_bound=True) is None
    reserved = volume(claimRef=reserved_for("www-web-0"))
    assert best_match(claim(), [reserved], only_pre_bound=True) == reserved


def test_amounts_are_compared_not_their_spelling() -> None:
    assert chosen(volume(size="1073741824")) == "disk"
    assert chosen(volume(size="1G")) == ""


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"size": "1Mi"}, "requested PV is too small"),
        ({"storageClassName": "fast"}, "storageClassName does not match"),
        ({"volumeMode": "Block"}, "incompatible volumeMode"),
        ({"accessModes": ["ReadOnlyMany"]}, "incompatible accessMode"),
        ({}, ""),
    ],
)
def test_a_misfit_is_named_in_kubernetes_words(spec: dict[str, Any], why: str) -> None:
    """A-137; the selector is not looked at."""
    assert misfit(volume(**spec), claim(selector={"matchLabels": {"disk": "ssd"}})) == why


def test_a_reserved_volume_of_more_access_modes_comes_after_one_of_fewer_that_fits() -> None:
    """A-135, A-136. Kubernetes: findByClaim takes the first group of modes that has anything."""
    modes = ["ReadWriteOnce", "ReadOnlyMany"]
    reserved = volume("mine", claimRef=reserved_for("www-web-0"), accessModes=modes)
    assert chosen(reserved, volume("small")) == "small"
    assert chosen(reserved, volume("small", storageClassName="fast")) == "mine"
