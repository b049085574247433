"""OpenAPI's documents: what they say, how they are kept, and what `kubectl explain` makes of them."""

import gzip
import json
import re
from typing import Any

import jsonschema_rs
import pytest

from minisets.api import openapi, routes
from minisets.api.openapi_schemas import name_of
from minisets.objects.kinds import KINDS
from tests.api.serving import CONFIGMAPS, PODS, SETS, Client, Json, configmap, pod, statefulset

APPS = "/openapi/v3/apis/apps/v1"


def test_v2_is_an_empty_document_and_v3_leads_to_every_group(client: Client) -> None:
    empty = client.ask("GET", "/openapi/v2")
    assert (empty.code, empty.data, empty.headers["Content-Type"]) == (200, b"", openapi.V2_CONTENT_TYPE)
    paths = client.get("/openapi/v3").json["paths"]
    assert set(paths) == {routes.root_of(*pair).strip("/") for pair in routes.group_versions()}
    seen = set()
    for entry in paths.values():
        document = client.get(entry["serverRelativeURL"]).json
        for operations in document["paths"].values():
            if patch := operations.get("patch"):
                assert patch["parameters"][0]["name"] == "fieldValidation"
                seen.add(patch["x-kubernetes-group-version-kind"]["kind"])
        references = set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(document)))
        assert references <= set(document["components"]["schemas"])
    assert seen == {kind.title for kind in KINDS if "patch" in kind.verbs}
    assert client.get("/openapi/v3/apis/nosuch/v1").code == 404


def test_every_path_of_the_documents_is_served_with_its_verbs(client: Client) -> None:
    for group, version in routes.group_versions():
        document = client.get(f"/openapi/v3{routes.root_of(group, version)}").json
        for path, operations in document["paths"].items():
            target = routes.target(routes.parts_of(path.replace("{namespace}", "n").replace("{name}", "x")))
            assert target is not None, path
            assert set(operations) - {"parameters"}, path


def test_a_document_that_is_asked_for_by_its_hash_may_be_kept_for_ever(client: Client) -> None:
    url = client.get("/openapi/v3").json["paths"]["apis/apps/v1"]["serverRelativeURL"]
    kept = client.get(url)
    assert kept.headers["Cache-Control"] == "public, immutable"
    assert kept.headers["ETag"] == f'"{url.partition("?hash=")[2]}"'
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", kept.headers["Expires"])
    plain = client.get(APPS)
    assert (plain.data, plain.headers["Cache-Control"]) == (kept.data, "no-cache, private")
    assert "Expires" not in plain.headers
    stale = client.get(f"{APPS}?hash=0123")
    assert (stale.code, stale.headers["Location"]) == (301, url)
    again = client.ask("GET", url, headers={"If-None-Match": kept.headers["ETag"]})
    assert (again.code, again.data) == (304, b"")


def test_a_large_answer_is_packed_for_those_who_take_it(client: Client) -> None:
    packed = client.ask("GET", APPS, headers={"Accept-Encoding": "gzip"}, decode=False)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers.getlist("Vary") == ["Accept", "Accept-Encoding"]
    plain = client.get(APPS)
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip", "identity", ""])
def test_a_large_list_is_packed_and_a_small_one_is_not(client: Client, accepted: str) -> None:
    client.create(CONFIGMAPS, {"metadata": {"name": "large"}, "data": {"a": "x" * 140_000}})
    headers = {"Accept-Encoding": accepted}
    packed = client.ask("GET", CONFIGMAPS, headers=headers, decode=False)
    assert ("Content-Encoding" in packed.headers) is ("gzip" in accepted)
    small = client.ask("GET", PODS, headers=headers, decode=False)
    assert "Content-Encoding" not in small.headers
    assert small.json["items"] == []


@pytest.mark.parametrize(
    ("path", "body"), [(SETS, statefulset("web")), (PODS, pod("web-0")), (CONFIGMAPS, configmap("c"))]
)
def test_what_is_answered_is_what_the_document_says(client: Client, path: str, body: Json) -> None:
    created = client.create(path, body)
    group, version = (path.split("/")[2], "v1") if path.startswith("/apis") else ("", "v1")
    document = client.get(f"/openapi/v3{routes.root_of(group, version)}").json
    _conforms(document, created, name_of(created["kind"]))
    _conforms(document, client.get(path).json, f"{name_of(created['kind'])}List")


def _conforms(document: Json, value: Any, name: str) -> None:
    schema = {**document, "$ref": f"#/components/schemas/{name}"}
    jsonschema_rs.Draft4Validator(schema).validate(value)


def test_fields_are_described_and_merge_keys_named(client: Client) -> None:
    schemas = client.get(APPS).json["components"]["schemas"]
    spec = schemas["io.k8s.api.apps.v1.StatefulSetSpec"]
    assert spec["description"] == "A StatefulSetSpec is the specification of a StatefulSet."
    assert spec["properties"]["replicas"]["description"].startswith("replicas is the desired number")
    assert spec["required"] == ["selector", "template"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert schemas["io.k8s.apimachinery.pkg.apis.meta.v1.Time"]["format"] == "date-time"
