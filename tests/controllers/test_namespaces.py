import pytest

from minisets.controllers.garbage import Garbage
from minisets.controllers.namespaces import Namespaces, ensure_namespaces
from minisets.errors import Forbidden
from minisets.objects.metadata import status_of
from tests.controllers.house import House, ref


@pytest.fixture
def house(house: House) -> House:
    house.run(Namespaces(house.store, house.registry), Garbage(house.store, house.registry))
    return house


def test_some_namespaces_are_always_there(house: House) -> None:
    assert house.names("Namespace") == ["default", "kube-node-lease", "kube-public", "kube-system"]
    before = house.store.version()
    ensure_namespaces(house.registry)
    assert house.store.version() == before


def test_every_namespace_has_its_service_account(house: House) -> None:
    house.create("Namespace", "shop")
    house.settle()
    assert house.find("ServiceAccount", "default", "shop") is not None
    house.registry.delete(ref("ServiceAccount", "default", "shop"))
    house.settle()
    assert house.find("ServiceAccount", "default", "shop") is not None


def test_a_deleted_namespace_is_emptied_and_goes(house: House) -> None:
    """A-154."""
    house.create("Namespace", "shop")
    house.settle()
    house.create("ConfigMap", "settings", namespace="shop", data={"a": "1"})
    house.create("ConfigMap", "settings", data={"a": "1"})
    house.registry.delete(ref("Namespace", "shop"))
    house.settle()
    assert house.find("Namespace", "shop") is None
    assert house.names("ConfigMap") == ["settings"]
    assert house.names("ServiceAccount", "shop") == []


def test_a_deleted_namespace_waits_for_what_takes_its_time(house: House) -> None:
    """A-154: Terminating, and closed to creates."""
    house.create("Namespace", "shop")
    house.settle()
    held = {"finalizers": ["example.com/hold"]}
    house.create("ConfigMap", "settings", namespace="shop", metadata=held)
    house.registry.delete(ref("Namespace", "shop"))
    house.settle()
    assert status_of(house.get("Namespace", "shop"))["phase"] == "Terminating"
    with pytest.raises(Forbidden):
        house.create("ConfigMap", "another", namespace="shop")
    house.edit("ConfigMap", "settings", lambda obj: obj["metadata"].pop("finalizers"), "shop")
    house.settle()
    assert house.find("Namespace", "shop") is None


def test_a_namespaces_own_finalizers_are_respected(house: House) -> None:
    house.create("Namespace", "shop", metadata={"finalizers": ["example.com/hold"]})
    house.settle()
    house.registry.delete(ref("Namespace", "shop"))
    house.settle()
    assert house.find("Namespace", "shop") is not None
    house.edit("Namespace", "shop", lambda obj: obj["metadata"].pop("finalizers"))
    house.settle()
    assert house.find("Namespace", "shop") is None
