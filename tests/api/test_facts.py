"""What is announced: discovery, OpenAPI, version and health; all of it follows from the kinds."""

import json
from typing import Any

import pytest

from minisets.api import discovery
from minisets.api.representing import discovery_version, form_of
from minisets.objects.kinds import SERVED
from tests.api.serving import Client

V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
V2BETA1 = V2.replace("v=v2", "v=v2beta1")


def resources(version: str) -> dict[tuple[str, str], Any]:
    found = {}
    for core in (True, False):
        for group in discovery.aggregated(version, core=core)["items"]:
            for one in group["versions"][0]["resources"]:
                found[group["metadata"].get("name", ""), one["resource"]] = one
    return found


@pytest.mark.parametrize("version", ["v2", "v2beta1"])
def test_every_kind_is_announced_with_its_verbs_and_short_names(version: str) -> None:
    """A-153."""
    found = resources(version)
    assert set(found) == {(kind.group, kind.plural) for kind in SERVED}
    sets = found["apps", "statefulsets"]
    assert (sets["shortNames"], sets["categories"], sets["scope"]) == (["sts"], ["all"], "Namespaced")
    assert set(sets["verbs"]) >= {
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    }
    scale = next(one for one in sets["subresources"] if one["subresource"] == "scale")
    assert scale["responseKind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    pods = {one["subresource"]: one["responseKind"] for one in found["", "pods"]["subresources"]}
    assert pods["eviction"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    assert found["policy", "poddisruptionbudgets"]["shortNames"] == ["pdb"]
    assert found["", "nodes"]["scope"] == "Cluster"


def test_the_legacy_lists_name_subresources_with_their_own_group() -> None:
    """A-153."""
    found = discovery.legacy_resources("apps", "v1")
    assert found is not None
    names = {one["name"]: one for one in found["resources"]}
    assert names["statefulsets/scale"] == {
        "name": "statefulsets/scale", "singularName": "", "namespaced": True, "kind": "Scale",
        "group": "autoscaling", "version": "v1", "verbs": ["get", "patch", "update"],
    }  # fmt: skip
    core = discovery.legacy_resources("", "v1")
    assert core is not None
    evictions = [one for one in core["resources"] if one["name"] == "pods/eviction"]
    assert evictions == [{
        "name": "pods/eviction", "singularName": "", "namespaced": True, "kind": "Eviction",
        "group": "policy", "version": "v1", "verbs": ["create"],
    }]  # fmt: skip
    assert discovery.legacy_resources("apps", "v2") is None
    assert discovery.legacy_group("nosuch") is None


@pytest.mark.parametrize(("accept", "version"), [
    (f"{V2},{V2BETA1},application/json", "v2"), (f"{V2BETA1},application/json", "v2beta1"),
    ("application/json", ""), (f"application/json,{V2}", ""), ("", ""), ("*/*", ""),
])  # fmt: skip
def test_the_first_form_of_discovery_that_is_offered_is_answered(
    client: Client, accept: str, version: str
) -> None:
    assert discovery_version(accept) == version
    for path, kind in (("/api", "APIVersions"), ("/apis/", "APIGroupList")):
        answered = client.get(path, accept)
        assert answered.json["kind"] == ("APIGroupDiscoveryList" if version else kind)
        if version:
            media = V2 if version == "v2" else V2BETA1
            assert answered.headers["Content-Type"] == media


@pytest.mark.parametrize(("accept", "form"), [
    ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Table"),
    ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io", "Table"),
    ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", ""),
    ("application/vnd.kubernetes.protobuf,application/json", ""),
    ("application/json, */*", ""),
    ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "PartialObjectMetadata"),
    ("text/html", ""),
])  # fmt: skip
def test_json_is_always_acceptable_and_tables_where_they_are_offered_first(accept: str, form: str) -> None:
    assert form_of(accept) == form


def test_what_is_the_same_for_everybody_carries_an_etag(client: Client) -> None:
    for path in (
        "/api",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/api/v1",
        "/openapi/v3",
        "/openapi/v3/api/v1",
    ):
        answered = client.get(path)
        assert answered.code == 200
        headers = {"Accept": "application/json", "If-None-Match": answered.headers["ETag"]}
        again = client.ask("GET", path, headers=headers)
        assert (again.code, again.data) == (304, b""), path


def test_version_and_health_answer_anybody(client: Client) -> None:
    for path in ("/healthz", "/livez", "/readyz", "/readyz/"):
        answered = client.ask("GET", path, token=None)
        assert (answered.code, answered.data) == (200, b"ok")
    version = json.loads(client.ask("GET", "/version/", token=None).data)
    assert (version["major"], version["minor"], version["gitVersion"]) == ("1", "37", "v1.37.0+minisets")
    assert len(version) == 9
    assert version["platform"].startswith("linux/")
    assert client.ask("POST", "/version", token=None).code == 405
