from typing import Any

import pytest

from minisets.controllers.endpoints.reconciler import Endpoints
from minisets.controllers.garbage import Garbage
from minisets.objects.kinds import Object
from minisets.objects.metadata import labels_of, name_of, uid_of
from minisets.objects.owners import is_controlled_by
from tests.controllers.house import House, ref

APP = {"app": "nginx"}


@pytest.fixture
def house(house: House) -> House:
    house.run(Endpoints(house.store, house.registry), Garbage(house.store, house.registry))
    return house


def serve(house: House, name: str = "nginx", **spec: Any) -> Object:
    wanted = {"clusterIP": "None", "selector": APP, "ports": [{"name": "web", "port": 80}], **spec}
    return house.create("Service", name, metadata={"labels": {"team": "a"}}, spec=wanted)


def run(house: House, name: str, address: str = "10.0.0.1", *, ready: bool = True, **spec: Any) -> None:
    """A pod as the kubelet reports it."""
    house.pod(name, labels=APP, **{"hostname": name, "subdomain": "nginx", **spec})
    house.registry.bind(ref("Pod", name), "minisets-0")
    report(house, name, address, ready=ready)


def report(house: House, name: str, address: str, *, ready: bool = True, phase: str = "Running") -> None:
    conditions = [{"type": "Ready", "status": str(ready)}]
    addresses: dict[str, Any] = {"podIP": address, "podIPs": [{"ip": address}]} if address else {}
    house.set_status("Pod", name, phase=phase, conditions=conditions, **addresses)


def the_slice(house: House) -> Object:
    (found,) = house.store.list("EndpointSlice").items
    return found


def subsets(house: House, name: str = "nginx") -> Any:
    return house.get("Endpoints", name).get("subsets")


def test_a_ready_pod_is_an_endpoint_with_all_that_dns_needs(house: House) -> None:
    """A-130."""
    service = serve(house)
    run(house, "web-0")
    house.settle()
    found = the_slice(house)
    assert name_of(found).startswith("nginx-")
    assert len(name_of(found)) == len("nginx-") + 5
    assert labels_of(found) == {
        "team": "a",
        "kubernetes.io/service-name": "nginx",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "service.kubernetes.io/headless": "",
    }
    assert is_controlled_by(found, service)
    assert found["addressType"] == "IPv4"
    assert found["ports"] == [{"name": "web", "port": 80, "protocol": "TCP"}]
    uid = uid_of(house.get("Pod", "web-0"))
    target = {"kind": "Pod", "namespace": "default", "name": "web-0", "uid": uid}
    assert found["endpoints"] == [
        {
            "addresses": ["10.0.0.1"],
            "conditions": {"ready": True, "serving": True, "terminating": False},
            "hostname": "web-0",
            "nodeName": "minisets-0",
            "targetRef": target,
        }
    ]
    address = {"ip": "10.0.0.1", "hostname": "web-0", "nodeName": "minisets-0", "targetRef": target}
    assert subsets(house) == [
        {"addresses": [address], "ports": [{"name": "web", "port": 80, "protocol": "TCP"}]}
    ]


def test_what_stands_is_not_written_again(house: House) -> None:
    serve(house)
    run(house, "web-0")
    house.settle()
    before = house.store.version()
    house.reconcile_all_again()
    assert house.store.version() == before


def test_endpoints_follow_readiness(house: House) -> None:
    """A-130."""
    serve(house)
    run(house, "web-0", ready=False)
    house.settle()
    conditions = {"ready": False, "serving": False, "terminating": False}
    assert the_slice(house)["endpoints"][0]["conditions"] == conditions
    assert "addresses" not in subsets(house)[0]
    assert [each["ip"] for each in subsets(house)[0]["notReadyAddresses"]] == ["10.0.0.1"]
    name = name_of(the_slice(house))
    report(house, "web-0", "10.0.0.1")
    house.settle()
    assert the_slice(house)["endpoints"][0]["conditions"]["ready"] is True
    assert name_of(the_slice(house)) == name


def test_a_pod_that_is_being_deleted_serves_but_is_not_ready(house: House) -> None:
    """A-130."""
    serve(house)
    run(house, "web-0")
    house.registry.delete(ref("Pod", "web-0"))
    house.settle()
    conditions = {"ready": False, "serving": True, "terminating": True}
    assert the_slice(house)["endpoints"][0]["conditions"] == conditions
    assert subsets(house) is None


def test_unready_addresses_can_be_published(house: House) -> None:
    """A-130."""
    serve(house, publishNotReadyAddresses=True)
    run(house, "web-0", ready=False)
    house.settle()
    conditions = {"ready": True, "serving": False, "terminating": False}
    assert the_slice(house)["endpoints"][0]["conditions"] == conditions
    assert [each["ip"] for each in subsets(house)[0]["addresses"]] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("address", "phase"), [("", "Running"), ("10.0.0.1", "Failed"), ("10.0.0.1", "Succeeded")]
)
def test_a_pod_without_address_or_at_its_end_is_no_endpoint(house: House, address: str, phase: str) -> None:
    """A-130. An empty slice stays as a placeholder."""
    serve(house)
    house.pod("web-0", labels=APP)
    report(house, "web-0", address, phase=phase)
    house.settle()
    assert the_slice(house)["endpoints"] == []
    assert subsets(house) is None


def test_a_hostname_is_given_only_where_the_subdomain_is_the_service(house: House) -> None:
    """A-130."""
    serve(house)
    run(house, "web-0", subdomain="other")
    house.settle()
    assert "hostname" not in the_slice(house)["endpoints"][0]


def test_a_pod_whose_labels_change_leaves_and_comes_back(house: House) -> None:
    serve(house)
    run(house, "web-0")
    house.settle()
    house.edit("Pod", "web-0", lambda obj: obj["metadata"].update(labels={"app": "other"}))
    house.settle()
    assert the_slice(house)["endpoints"] == []
    house.edit("Pod", "web-0", lambda obj: obj["metadata"].update(labels=APP))
    house.settle()
    assert len(the_slice(house)["endpoints"]) == 1


def test_a_recreated_pod_is_there_with_its_new_address(house: House) -> None:
    serve(house)
    run(house, "web-0", "10.0.0.1")
    house.settle()
    house.end("web-0")
    run(house, "web-0", "10.0.0.2")
    house.settle()
    assert [each["addresses"] for each in the_slice(house)["endpoints"]] == [["10.0.0.2"]]


def test_a_named_target_port_is_looked_up_in_each_pod(house: House) -> None:
    """A-130: pods that mean different numbers stand in different slices."""
    serve(house, ports=[{"name": "web", "port": 80, "targetPort": "http"}])
    for name, address, number in (("web-0", "10.0.0.1", 8080), ("web-1", "10.0.0.2", 9090)):
        ports = [{"name": "http", "containerPort": number}]
        run(house, name, address, containers=[{"name": "c", "image": "x:1", "ports": ports}])
    house.settle()
    found = {
        each["ports"][0]["port"]: each["endpoints"][0]["addresses"][0]
        for each in house.store.list("EndpointSlice").items
    }
    assert found == {8080: "10.0.0.1", 9090: "10.0.0.2"}
    assert {each["ports"][0]["port"] for each in subsets(house)} == {8080, 9090}


def test_a_target_port_that_no_container_has_is_left_out(house: House) -> None:
    serve(house, ports=[{"name": "web", "port": 80, "targetPort": "http"}, {"name": "raw", "port": 81}])
    run(house, "web-0")
    house.settle()
    assert [port["name"] for port in the_slice(house)["ports"]] == ["raw"]


def test_a_port_says_which_protocol_it_is_and_what_is_spoken_on_it(house: House) -> None:
    """A named port is one of the same protocol."""
    serve(
        house,
        ports=[{"name": "dns", "port": 53, "protocol": "UDP", "appProtocol": "dns", "targetPort": "dns"}],
    )
    ports = [
        {"name": "tcp", "containerPort": 1053, "protocol": "TCP"},
        {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
    ]
    run(house, "web-0", containers=[{"name": "c", "image": "x:1", "ports": ports}])
    house.settle()
    assert the_slice(house)["ports"] == [
        {"name": "dns", "port": 5353, "protocol": "UDP", "appProtocol": "dns"}
    ]
    house.edit("Service", "nginx", lambda obj: obj["spec"]["ports"][0].update(protocol="TCP"))
    house.settle()
    assert the_slice(house).get("ports", []) == []


def test_a_headless_service_without_ports_has_endpoints(house: House) -> None:
    """A-134."""
    serve(house, ports=[])
    run(house, "web-0")
    house.settle()
    assert len(the_slice(house)["endpoints"]) == 1
    assert "ports" not in subsets(house)[0]


def test_a_slice_holds_a_hundred_and_what_is_left_over_goes(house: House) -> None:
    serve(house)
    for number in range(101):
        run(house, f"web-{number}", f"10.0.1.{number}")
    house.settle()
    sizes = sorted(len(each["endpoints"]) for each in house.store.list("EndpointSlice").items)
    assert sizes == [1, 100]
    house.end("web-7")
    house.settle()
    assert [len(each["endpoints"]) for each in house.store.list("EndpointSlice").items] == [100]


@pytest.mark.parametrize(
    "spec",
    [{"selector": None}, {"selector": None, "type": "ExternalName", "externalName": "example.com"}],
    ids=["no selector", "ExternalName"],
)
def test_services_that_select_no_pods_are_left_to_their_owners(house: House, spec: dict[str, Any]) -> None:
    wanted = {"ports": [{"port": 80}], **{field: value for field, value in spec.items() if value}}
    house.create("Service", "nginx", spec=wanted)
    run(house, "web-0")
    house.settle()
    assert house.names("EndpointSlice") == []
    assert house.names("Endpoints") == []


def test_all_goes_with_the_service_and_not_a_persons_own(house: House) -> None:
    serve(house)
    run(house, "web-0")
    house.create("Endpoints", "mine", subsets=[])
    house.settle()
    house.registry.delete(ref("Service", "nginx"))
    house.settle()
    assert house.names("EndpointSlice") == []
    assert house.names("Endpoints") == ["mine"]


def test_what_somebody_removes_or_changes_comes_back(house: House) -> None:
    serve(house)
    run(house, "web-0")
    house.settle()
    house.registry.delete(ref("EndpointSlice", name_of(the_slice(house))))
    house.registry.delete(ref("Endpoints", "nginx"))
    house.settle()
    assert len(the_slice(house)["endpoints"]) == 1
    house.edit("EndpointSlice", name_of(the_slice(house)), lambda obj: obj.update(endpoints=[]))
    house.edit("Endpoints", "nginx", lambda obj: obj.pop("subsets"))
    house.settle()
    assert len(the_slice(house)["endpoints"]) == 1
    assert len(subsets(house)) == 1


def test_a_service_that_is_made_again_does_not_keep_the_slices_of_the_first(house: House) -> None:
    serve(house)
    run(house, "web-0")
    house.settle()
    house.store_delete("Service", "nginx")
    service = serve(house)
    house.settle()
    assert is_controlled_by(the_slice(house), service)
    assert len(the_slice(house)["endpoints"]) == 1
