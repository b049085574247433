from typing import Any, Literal

import pytest

from minisets.controllers.garbage import Garbage
from minisets.objects.kinds import Object
from minisets.objects.metadata import finalizers_of, is_being_deleted, uid_of
from minisets.objects.owners import owner_reference, owners_of
from minisets.registry.registry import DeleteOptions
from tests.controllers.house import House, ref


@pytest.fixture
def house(house: House) -> House:
    house.run(Garbage(house.store, house.registry))
    return house


def make(house: House, name: str, *owners: Object, blocking: bool = True, **metadata: Any) -> Object:
    """A ConfigMap: any kind can own any other."""
    references = [
        {**owner_reference(owner, controller=False), "blockOwnerDeletion": blocking} for owner in owners
    ]
    owned = {"ownerReferences": references} if references else {}
    return house.create("ConfigMap", name, metadata={**(owned if owners else {}), **metadata})


def delete(house: House, name: str, how: Literal["Background", "Foreground", "Orphan"] | None = None) -> None:
    house.registry.delete(ref("ConfigMap", name), DeleteOptions(propagation=how))


def held(house: House, name: str) -> None:
    """What a finalizer holds lets nobody else go either."""
    house.edit("ConfigMap", name, lambda obj: obj["metadata"].update(finalizers=["example.com/hold"]))


def let_go(house: House, name: str) -> None:
    def edit(obj: Object) -> None:
        obj["metadata"]["finalizers"].remove("example.com/hold")

    house.edit("ConfigMap", name, edit)


# --- in the background ---


def test_dependents_go_after_their_owner_all_the_way_down(house: House) -> None:
    """A-69."""
    owner = make(house, "owner")
    child = make(house, "child", owner)
    make(house, "grandchild", child)
    make(house, "stranger")
    house.settle()
    delete(house, "owner")
    assert house.names("ConfigMap") == ["child", "grandchild", "stranger"]
    house.settle()
    assert house.names("ConfigMap") == ["stranger"]


def test_one_living_owner_keeps_an_object_without_the_references_to_the_dead(house: House) -> None:
    """A-73."""
    first, second = make(house, "first"), make(house, "second")
    make(house, "shared", first, second)
    house.settle()
    delete(house, "first")
    house.settle()
    assert [owner["name"] for owner in owners_of(house.get("ConfigMap", "shared"))] == ["second"]
    delete(house, "second")
    house.settle()
    assert house.names("ConfigMap") == []


def test_an_owner_is_known_by_its_uid(house: House) -> None:
    """A-73: another object of that name is not the owner."""
    owner = make(house, "owner")
    make(house, "child", owner)
    delete(house, "owner")
    make(house, "owner")
    house.settle()
    assert house.names("ConfigMap") == ["owner"]


def test_a_dependent_that_comes_after_its_owner_went_is_removed(house: House) -> None:
    owner = make(house, "owner")
    delete(house, "owner")
    make(house, "late", owner)
    house.settle()
    assert house.names("ConfigMap") == []


def test_an_owner_in_another_namespace_is_none(house: House) -> None:
    """A-73: a namespaced owner is looked up in the dependent's own namespace only."""
    house.create("Namespace", "shop")
    owner = make(house, "owner")
    house.create(
        "ConfigMap", "child", namespace="shop", metadata={"ownerReferences": [owner_reference(owner)]}
    )
    house.settle()
    assert house.find("ConfigMap", "child", "shop") is None


def test_a_cluster_scoped_owner_is_allowed(house: House) -> None:
    """A-73."""
    node = house.node()
    make(house, "child", node)
    house.settle()
    assert house.names("ConfigMap") == ["child"]
    house.registry.delete(ref("Node", "minisets-0"))
    house.settle()
    assert house.names("ConfigMap") == []


def test_an_owner_of_a_kind_that_is_not_served_is_not_taken_for_gone(house: House) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Shop", "name": "x", "uid": "uid-x"}
    house.create("ConfigMap", "child", metadata={"ownerReferences": [unknown]})
    house.settle()
    assert house.names("ConfigMap") == ["child"]


# --- in the foreground ---


def test_in_the_foreground_the_owner_goes_last(house: House) -> None:
    """A-70."""
    owner = make(house, "owner")
    make(house, "child", owner)
    held(house, "child")
    house.settle()
    delete(house, "owner", "Foreground")
    house.settle()
    assert finalizers_of(house.get("ConfigMap", "owner")) == ("foregroundDeletion",)
    assert is_being_deleted(house.get("ConfigMap", "child"))
    let_go(house, "child")
    house.settle()
    assert house.names("ConfigMap") == []


def test_foreground_deletion_goes_all_the_way_down(house: House) -> None:
    """A-70: a dependent with dependents of its own waits for these."""
    owner = make(house, "owner")
    child = make(house, "child", owner)
    make(house, "grandchild", child)
    held(house, "grandchild")
    house.settle()
    delete(house, "owner", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == ["child", "grandchild", "owner"]
    assert finalizers_of(house.get("ConfigMap", "child")) == ("foregroundDeletion",)
    let_go(house, "grandchild")
    house.settle()
    assert house.names("ConfigMap") == []


def test_a_dependent_that_does_not_block_is_not_waited_for(house: House) -> None:
    """A-70."""
    owner = make(house, "owner")
    make(house, "child", owner, blocking=False)
    held(house, "child")
    house.settle()
    delete(house, "owner", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == ["child"]
    assert is_being_deleted(house.get("ConfigMap", "child"))


def test_another_solid_owner_keeps_what_a_foreground_deletion_would_take(house: House) -> None:
    """A-70, A-73."""
    going, staying = make(house, "going"), make(house, "staying")
    make(house, "shared", going, staying)
    house.settle()
    delete(house, "going", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == ["shared", "staying"]
    assert [owner["uid"] for owner in owners_of(house.get("ConfigMap", "shared"))] == [uid_of(staying)]


def test_a_foreground_deletion_without_dependents_ends_at_once(house: House) -> None:
    make(house, "owner")
    delete(house, "owner", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == []


# --- leaving orphans ---


def test_orphans_stay_and_lose_only_that_owner(house: House) -> None:
    """A-71."""
    owner, other = make(house, "owner"), make(house, "other")
    make(house, "child", owner)
    make(house, "shared", owner, other)
    house.settle()
    delete(house, "owner", "Orphan")
    house.settle()
    assert house.names("ConfigMap") == ["child", "other", "shared"]
    assert owners_of(house.get("ConfigMap", "child")) == []
    assert [owner["name"] for owner in owners_of(house.get("ConfigMap", "shared"))] == ["other"]


def test_a_restart_in_the_middle_changes_nothing(house: House) -> None:
    owner = make(house, "owner")
    make(house, "child", owner)
    house.settle()
    delete(house, "owner", "Foreground")
    house.reconcile_all_again()
    assert house.names("ConfigMap") == []


def test_pods_of_a_deleted_statefulset_get_their_grace(house: House) -> None:
    """A-69, A-106."""
    owner = make(house, "owner")
    house.create(
        "Pod",
        "web-0",
        metadata={"ownerReferences": [owner_reference(owner)]},
        spec={"containers": [{"name": "c", "image": "nginx:1.27"}]},
    )
    house.registry.bind(ref("Pod", "web-0"), "minisets-0")
    house.settle()
    delete(house, "owner")
    house.settle()
    ending = house.get("Pod", "web-0")
    assert ending["metadata"]["deletionGracePeriodSeconds"] == 30


def test_two_that_own_each_other_both_go_in_the_foreground(house: House) -> None:
    """A-70: the second lets the first go, else each waited for the other."""
    first = make(house, "first")
    second = make(house, "second", first)
    back = {**owner_reference(second, controller=False), "blockOwnerDeletion": True}
    house.edit("ConfigMap", "first", lambda obj: obj["metadata"].update(ownerReferences=[back]))
    house.settle()
    delete(house, "first", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == []


def test_an_owner_that_waits_lets_go_of_what_another_owner_keeps_blocking_or_not(house: House) -> None:
    """A-70, A-73."""
    going, staying = make(house, "going"), make(house, "staying")
    make(house, "shared", going, staying, blocking=False)
    make(house, "blocker", going)
    held(house, "blocker")
    house.settle()
    delete(house, "going", "Foreground")
    house.settle()
    assert house.names("ConfigMap") == ["blocker", "going", "shared", "staying"]
    assert [owner["name"] for owner in owners_of(house.get("ConfigMap", "shared"))] == ["staying"]
