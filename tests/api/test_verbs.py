"""The verbs over HTTPS, and the Status that every refusal comes as."""

import gzip
import json
from typing import Any

import pytest

from minisets.api import bodies
from minisets.objects.kinds import Ref
from tests.api.serving import (
    CONFIGMAPS,
    PODS,
    SETS,
    TABLE,
    Client,
    Json,
    Running,
    configmap,
    pod,
    statefulset,
)

MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


def test_what_is_created_is_got_listed_updated_and_deleted(client: Client) -> None:
    made = client.create(CONFIGMAPS, configmap("a"))
    assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")
    assert client.get(f"{CONFIGMAPS}/a").json == made
    listed = client.get(CONFIGMAPS).json
    assert (listed["kind"], listed["apiVersion"], listed["items"]) == ("ConfigMapList", "v1", [made])
    assert int(listed["metadata"]["resourceVersion"]) >= int(made["metadata"]["resourceVersion"])
    updated = client.ask("PUT", f"{CONFIGMAPS}/a", {**made, "data": {"a": "2"}})
    assert (updated.code, updated.json["data"]) == (200, {"a": "2"})
    gone = client.ask("DELETE", f"{CONFIGMAPS}/a")
    assert (gone.code, gone.json["status"]) == (200, "Success")
    assert gone.json["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_a_list_is_sorted_and_cluster_wide_without_a_namespace(client: Client) -> None:
    client.create("/api/v1/namespaces", {"metadata": {"name": "another"}})
    for path in (CONFIGMAPS, CONFIGMAPS.replace("default", "another")):
        for name in ("b", "a"):
            client.create(path, configmap(name))
    found = client.get("/api/v1/configmaps").json["items"]
    keys = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in found]
    assert keys == [("another", "a"), ("another", "b"), ("default", "a"), ("default", "b")]


def test_a_missing_namespace_lists_as_empty_and_takes_nothing(client: Client) -> None:
    path = "/api/v1/namespaces/nowhere/configmaps"
    assert client.get(path).json["items"] == []
    refused = client.ask("POST", path, configmap("a"))
    assert (refused.code, refused.json["message"]) == (404, 'namespaces "nowhere" not found')


def test_refusals_are_statuses_with_details(client: Client) -> None:
    client.create(SETS, statefulset("web"))
    expected: list[tuple[Any, int, str, str, Json]] = [
        (client.get(f"{SETS}/x"), 404, "NotFound", 'statefulsets.apps "x" not found',
         {"name": "x", "group": "apps", "kind": "statefulsets"}),
        (client.ask("POST", SETS, statefulset("web")), 409, "AlreadyExists",
         'statefulsets.apps "web" already exists', {"name": "web", "group": "apps", "kind": "statefulsets"}),
        (client.ask("GET", "/api/v1/nosuch"), 404, "NotFound",
         "the server could not find the requested resource", {}),
        (client.ask("PUT", PODS, {}), 405, "MethodNotAllowed",
         "the server does not allow this method on the requested resource", {}),
    ]  # fmt: skip
    for answered, code, reason, message, details in expected:
        status = answered.json
        assert (answered.code, status["code"], status["reason"], status["message"]) == (
            code,
            code,
            reason,
            message,
        )
        assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
        assert status.get("details") == (details if code != 405 else None), "kubectl debug reads a 404's"


def test_an_invalid_object_names_each_field_at_fault(client: Client) -> None:
    bad = statefulset("web")
    bad["spec"]["replicas"] = -1
    bad["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    answered = client.ask("POST", SETS, bad)
    details = answered.json["details"]
    assert (answered.code, answered.json["reason"]) == (422, "Invalid")
    assert (details["name"], details["group"], details["kind"]) == ("web", "apps", "StatefulSet")
    assert {cause["field"] for cause in details["causes"]} >= {
        "spec.replicas",
        "spec.template.metadata.labels",
    }


TWICE = b'{"metadata":{"name":"a","labels":{"x":"1","x":"2"}},"data":{"b":"1","c":"2","b":"3"}}'


@pytest.mark.parametrize(("validation", "code", "warnings"), [
    ("Strict", 400, []),
    ("Warn", 201, ['duplicate field "metadata.labels.x"', 'duplicate field "data.b"']),
    ("Ignore", 201, []),
])  # fmt: skip
def test_a_field_given_twice_is_refused_warned_of_or_ignored(
    client: Client, validation: str, code: int, warnings: list[str]
) -> None:
    answered = client.ask("POST", f"{CONFIGMAPS}?fieldValidation={validation}", TWICE)
    assert answered.code == code
    assert answered.headers.getlist("Warning") == [
        '299 - "{}"'.format(text.replace('"', '\\"')) for text in warnings
    ]
    if code == 400:
        assert answered.json["message"] == (
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
            'duplicate field "metadata.labels.x", duplicate field "data.b"'
        )
        return
    assert client.get(f"{CONFIGMAPS}/a").json["data"] == {"b": "3", "c": "2"}
    for method, headers in (("PUT", None), ("PATCH", MERGE), ("PATCH", STRATEGIC)):
        changed = client.ask(method, f"{CONFIGMAPS}/a?fieldValidation={validation}", TWICE, headers)
        assert changed.code == 200
        assert len(changed.headers.getlist("Warning")) == len(warnings), (method, headers)


def test_a_strict_patch_that_gives_a_field_twice_changes_nothing(client: Client) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    for body, headers in ((TWICE, MERGE), (b'[{"op":"remove","op":"test","path":"/data/a"}]', JSON_PATCH)):
        refused = client.ask("PATCH", f"{CONFIGMAPS}/a?fieldValidation=Strict", body, headers)
        assert (refused.code, "duplicate field" in refused.json["message"]) == (400, True)
    assert client.get(f"{CONFIGMAPS}/a").json["data"] == {"a": "1"}


def test_a_list_is_not_continued_at_another_version(client: Client) -> None:
    for name in ("a", "b"):
        client.create(CONFIGMAPS, configmap(name))
    token = client.get(f"{CONFIGMAPS}?limit=1").json["metadata"]["continue"]
    refused = client.get(f"{CONFIGMAPS}?limit=1&continue={token}&resourceVersion=1")
    assert (refused.code, refused.json["message"]) == (
        400,
        "specifying resource version is not allowed when using continue",
    )
    assert client.get(f"{CONFIGMAPS}?limit=1&continue={token}&resourceVersion=0").code == 200


@pytest.mark.parametrize(("validation", "code", "warned"), [
    ("Strict", 400, False), ("Warn", 201, True), ("", 201, True), ("Ignore", 201, False),
])  # fmt: skip
def test_an_unknown_field_is_refused_warned_of_or_ignored(
    client: Client, validation: str, code: int, warned: Any
) -> None:
    query = f"?fieldValidation={validation}" if validation else ""
    answered = client.ask("POST", CONFIGMAPS + query, {**configmap("a"), "bogus": 1})
    assert answered.code == code
    if code == 400:
        assert answered.json["message"].endswith('ConfigMap: strict decoding error: unknown field "bogus"')
    assert ('299 - "unknown field \\"bogus\\""' in answered.headers.getlist("Warning")) is warned


@pytest.mark.parametrize(("headers", "patch"), [
    (MERGE, {"data": {"a": None, "b": "2"}}),
    (STRATEGIC, {"data": {"a": None, "b": "2"}}),
    (JSON_PATCH, [{"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/b", "value": "2"}]),
])  # fmt: skip
def test_three_kinds_of_patch_change_an_object(client: Client, headers: Json, patch: Any) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    answered = client.ask("PATCH", f"{CONFIGMAPS}/a", patch, headers)
    assert (answered.code, answered.json["data"]) == (200, {"b": "2"})


def test_an_empty_patch_answers_the_object_and_changes_nothing(client: Client) -> None:
    made = client.create(CONFIGMAPS, configmap("a"))
    assert client.ask("PATCH", f"{CONFIGMAPS}/a", {}, MERGE).json == made


def test_a_stale_version_is_a_conflict_in_an_update_and_in_a_patch(client: Client) -> None:
    old = client.create(CONFIGMAPS, configmap("a"))
    client.ask("PATCH", f"{CONFIGMAPS}/a", {"data": {"b": "2"}}, MERGE)
    stale = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {"c": "3"}}
    for answered in (
        client.ask("PUT", f"{CONFIGMAPS}/a", old),
        client.ask("PATCH", f"{CONFIGMAPS}/a", stale, STRATEGIC),
    ):
        assert (answered.code, answered.json["reason"]) == (409, "Conflict")


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_needs_no_content_type_and_may_be_yaml(client: Client, method: str) -> None:
    path = CONFIGMAPS
    if method == "PUT":
        client.create(CONFIGMAPS, configmap("a"))
        path = f"{CONFIGMAPS}/a"
    yaml = b"metadata: {name: a}\ndata:\n  b: '2'\n"
    answered = client.ask(method, path, yaml, {"Content-Type": "application/yaml"})
    assert answered.json["data"] == {"b": "2"}
    assert client.ask("PUT", f"{CONFIGMAPS}/a", configmap("a")).json["data"] == {"a": "1"}


@pytest.mark.parametrize(("body", "content_type", "code", "says"), [
    (b"{", "application/json", 400, "error decoding JSON"),
    (b"", "application/json", 400, "error decoding JSON"),
    (b'{"a": NaN}', "application/json", 400, "error decoding JSON"),
    (b'{"metadata": {"name": "\\ud800"}}', "application/json", 400, "surrogates"),
    (b"[" * 100_000, "application/json", 400, "max depth"),
    (b"\xff\xfe\x00", "application/json", 400, "error decoding JSON"),
    (b"[1]", "application/json", 400, "cannot"),
    (b"a: [", "application/yaml", 400, "error decoding YAML"),
    (b"a: &a [x,x]\nb: *c", "application/yaml", 400, "unknown alias"),
    (b"x", "text/csv", 415, "accepted media types include: application/json"),
    (b'{"kind": "Pod"}', "application/json", 400, "Pod"),
    (b'{"apiVersion": "apps/v1"}', "application/json", 400, "does not match the expected API version (v1)"),
])  # fmt: skip
def test_a_body_that_cannot_be_read_is_told_so(
    client: Client, body: bytes, content_type: str, code: int, says: str
) -> None:
    answered = client.ask("POST", CONFIGMAPS, body, {"Content-Type": content_type})
    assert (answered.code, answered.json["code"]) == (code, code)
    assert says in answered.json["message"]


def test_a_body_past_the_limit_is_refused_and_one_below_it_is_not(client: Client) -> None:
    large = configmap("a") | {"data": {"a": "x" * (4 * 1024 * 1024)}}
    answered = client.ask("POST", CONFIGMAPS, large)
    assert (answered.code, answered.json["reason"]) == (413, "RequestEntityTooLarge")
    chunks = iter([b"x" * 1024 * 1024] * 4)
    assert client.ask("POST", CONFIGMAPS, chunks).code == 413
    client.create(CONFIGMAPS, configmap("b") | {"data": {"a": "x" * 900_000}})


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_no_verb_takes_a_body_past_the_limit(client: Client, verb: str) -> None:
    path = CONFIGMAPS if verb == "POST" else f"{CONFIGMAPS}/a"
    for body in (b"x" * (bodies.LIMIT + 1), iter([b"x" * bodies.LIMIT, b"x"])):
        assert client.ask(verb, path, body).code == 413
    assert client.ask(verb, path, iter([b" " * bodies.LIMIT])).code != 413


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "gzip, gzip"])
def test_a_packed_body_is_refused_and_not_unpacked(client: Client, encoding: str) -> None:
    bomb = gzip.compress(json.dumps(configmap("a")).encode() + b" " * 50_000_000)
    assert len(bomb) < 100_000
    for body in (bomb, iter([bomb])):
        answered = client.ask("POST", CONFIGMAPS, body, {"Content-Encoding": encoding})
        assert (answered.code, answered.json["reason"]) == (400, "BadRequest")
        assert f"encoded ({encoding.lower()})" in answered.json["message"]
    plain = client.ask("POST", CONFIGMAPS, configmap("a"), {"Content-Encoding": "identity"})
    assert plain.code == 201


def test_a_dry_run_decides_everything_and_stores_nothing(client: Client) -> None:
    made = client.ask("POST", f"{CONFIGMAPS}?dryRun=All", configmap("a"))
    assert (made.code, made.json["metadata"]["name"]) == (201, "a")
    assert client.get(CONFIGMAPS).json["items"] == []
    refused = client.ask("POST", f"{CONFIGMAPS}?dryRun=Some", configmap("a"))
    assert (refused.code, refused.json["details"]["causes"][0]["field"]) == (422, "dryRun")


def test_a_graceful_deletion_answers_the_object_as_it_goes(client: Client, running: Running) -> None:
    client.create(PODS, pod("web-0"))
    running.registry.bind(Ref("Pod", "default", "web-0"), "minisets-0")
    going = client.ask("DELETE", f"{PODS}/web-0?gracePeriodSeconds=7")
    assert (going.code, going.json["metadata"]["deletionGracePeriodSeconds"]) == (200, 7)
    gone = client.ask("DELETE", f"{PODS}/web-0", {"gracePeriodSeconds": 0})
    assert (gone.code, gone.json["kind"]) == (200, "Pod")
    assert client.get(f"{PODS}/web-0").code == 404


@pytest.mark.parametrize(("query", "body", "finalizers"), [
    ("?propagationPolicy=Foreground", None, ["foregroundDeletion"]),
    ("", {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
    ("?orphanDependents=true", None, ["orphan"]),
])  # fmt: skip
def test_propagation_comes_in_the_query_or_in_the_body(
    client: Client, query: str, body: Json | None, finalizers: list[str]
) -> None:
    client.create(SETS, statefulset("web"))
    answered = client.ask("DELETE", f"{SETS}/web{query}", body)
    assert answered.json["metadata"]["finalizers"] == finalizers
    assert answered.code == (202 if "foregroundDeletion" in finalizers else 200)


def test_a_deletion_for_another_uid_is_a_conflict(client: Client) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    answered = client.ask("DELETE", f"{CONFIGMAPS}/a", {"preconditions": {"uid": "another"}})
    assert answered.code == 409


@pytest.mark.parametrize("body", [
    {"gracePeriodSeconds": "x"},
    [1],
    {"propagationPolicy": "Sideways"},
    {"propagationPolicy": 1},
    {"dryRun": 1.5},
    {"dryRun": "All"},
    {"preconditions": "none"},
    {"preconditions": {"uid": 7}},
    {"orphanDependents": "yes"},
])  # fmt: skip
def test_nonsense_in_a_deletion_is_refused(client: Client, body: Any) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    assert client.ask("DELETE", f"{CONFIGMAPS}/a", body).code in (400, 422)
    assert client.ask("DELETE", CONFIGMAPS, body).code in (400, 422)
    assert client.get(f"{CONFIGMAPS}/a").code == 200


def test_a_mistyped_field_of_a_deletion_is_named(client: Client) -> None:
    client.create(CONFIGMAPS, configmap("a"))
    assert client.ask("DELETE", f"{CONFIGMAPS}/a", {"dryRun": 1.5}).json["message"] == (
        'DeleteOptions in version "v1" cannot be handled as a DeleteOptions: '
        "json: cannot unmarshal number into Go struct field DeleteOptions.dryRun of type []string"
    )


def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    """A-152: it returns when each object has been deleted."""
    client.create(CONFIGMAPS, configmap("a", app="x"))
    client.create(CONFIGMAPS, configmap("b", app="y"))
    deleted = client.ask("DELETE", f"{CONFIGMAPS}?labelSelector=app%3Dx").json
    assert [one["metadata"]["name"] for one in deleted["items"]] == ["a"]
    assert [one["metadata"]["name"] for one in client.get(CONFIGMAPS).json["items"]] == ["b"]
    assert client.ask("DELETE", "/api/v1/configmaps").code == 405


def test_status_and_scale_are_routes_of_their_own(client: Client) -> None:
    client.create(SETS, statefulset("web"))
    scale = client.get(f"{SETS}/web/scale").json
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 2})
    scaled = client.ask("PUT", f"{SETS}/web/scale", {**scale, "spec": {"replicas": 3}})
    assert (scaled.code, scaled.json["spec"]) == (200, {"replicas": 3})
    patched = client.ask("PATCH", f"{SETS}/web/scale", {"spec": {"replicas": 4}}, MERGE)
    assert patched.json["spec"] == {"replicas": 4}
    body = {"spec": {"replicas": 9}, "status": {"replicas": 4}}
    assert client.ask("PATCH", f"{SETS}/web/status", body, MERGE).code == 200
    stored = client.get(f"{SETS}/web/status").json
    assert (stored["spec"]["replicas"], stored["status"]["replicas"]) == (4, 4)
    assert client.ask("DELETE", f"{SETS}/web/scale").code == 405


def test_a_scale_is_shown_as_metadata_where_a_client_wants_no_more(client: Client) -> None:
    client.create(SETS, statefulset("web"))
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    found = client.get(f"{SETS}/web/scale", accept).json
    assert (found["kind"], found["metadata"]["name"], "spec" in found) == (
        "PartialObjectMetadata",
        "web",
        False,
    )


def test_a_scale_is_a_table_of_its_own(client: Client) -> None:
    client.create(SETS, statefulset("web"))
    table = client.get(f"{SETS}/web/scale", TABLE).json
    assert [column["name"] for column in table["columnDefinitions"]] == [
        "Name",
        "Desired",
        "Available",
        "Age",
    ]
    assert table["rows"][0]["cells"][:3] == ["web", 2, 0]
    headers = {**MERGE, "Accept": TABLE}
    patched = client.ask("PATCH", f"{SETS}/web/scale", {"spec": {"replicas": 3}}, headers).json
    assert patched["rows"][0]["cells"][:3] == ["web", 3, 0]


def test_endpoints_are_deprecated_and_say_so(client: Client) -> None:
    path = "/api/v1/namespaces/default/endpoints"
    said = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    assert client.get(path).headers["Warning"] == said
    assert client.ask("POST", path, {"metadata": {"name": "a"}}).headers["Warning"] == said
    assert client.get(f"{path}/a").headers["Warning"] == said
    assert "Warning" not in client.get(PODS).headers


def test_a_binding_gives_a_pod_its_node_once(client: Client) -> None:
    client.create(PODS, pod("web-0"))
    body = {"target": {"kind": "Node", "name": "minisets-0"}}
    assert client.ask("POST", f"{PODS}/web-0/binding", {"target": {}}).code == 400
    of_another = {**body, "metadata": {"uid": "another"}}
    assert client.ask("POST", f"{PODS}/web-0/binding", of_another).code == 409
    assert client.ask("POST", f"{PODS}/web-0/binding", body).json["status"] == "Success"
    assert client.get(f"{PODS}/web-0").json["spec"]["nodeName"] == "minisets-0"
    assert client.ask("POST", f"{PODS}/web-0/binding", body).code == 409


def test_selectors_choose_by_label_and_field(client: Client) -> None:
    client.create(PODS, pod("a", app="x"))
    client.create(PODS, pod("b", app="y"))

    def names(query: str) -> list[str]:
        return [one["metadata"]["name"] for one in client.get(f"{PODS}?{query}").json["items"]]

    assert names("labelSelector=app+in+(x,z)") == ["a"]
    assert names("labelSelector=app!=x") == ["b"]
    assert names("fieldSelector=metadata.name%3Db") == ["b"]
    assert names("fieldSelector=status.phase!=Pending,spec.nodeName%3D") == []
    for query in ("labelSelector=a in (", "fieldSelector=spec.colour%3Dred"):
        assert client.get(f"{PODS}?{query.replace(' ', '+')}").code == 400


def test_a_limited_list_is_continued_to_its_end(client: Client) -> None:
    for ordinal in range(5):
        client.create(CONFIGMAPS, configmap(f"c-{ordinal}"))
    names, token, versions, pages = [], "", set(), 0
    while pages == 0 or token:
        page = client.get(f"{CONFIGMAPS}?limit=2&continue={token}").json
        names += [one["metadata"]["name"] for one in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        token, pages = page["metadata"].get("continue", ""), pages + 1
        if pages == 1:
            assert page["metadata"]["remainingItemCount"] == 3
            client.create(CONFIGMAPS, configmap("c-9"))
    assert names == ["c-0", "c-1", "c-2", "c-3", "c-4", "c-9"]
    assert (pages, len(versions)) == (3, 1)
    assert client.get(f"{CONFIGMAPS}?continue=nonsense").code == 400


@pytest.mark.parametrize(("query", "code"), [
    ("resourceVersion=0", 200),
    ("resourceVersion=1&resourceVersionMatch=NotOlderThan", 200),
    ("resourceVersion=1&resourceVersionMatch=Exact", 410),
    ("resourceVersion=99999999", 410),
    ("resourceVersion=x", 400),
    ("resourceVersionMatch=Exact", 422),
    ("sendInitialEvents=true", 422),
    ("limit=x", 400),
])  # fmt: skip
def test_a_list_is_asked_for_at_a_version(client: Client, query: str, code: int) -> None:
    assert client.get(f"{CONFIGMAPS}?{query}").code == code


def test_a_mistake_of_ours_is_a_500_without_its_traceback(
    client: Client, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.store.list = None  # type: ignore[assignment, method-assign]  # a part that is broken
    answered = client.get(CONFIGMAPS)
    assert (answered.code, answered.json["reason"]) == (500, "InternalError")
    assert "NoneType" not in json.dumps(answered.json)
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 1
    assert "TypeError" in caplog.text


def test_warnings_are_as_many_as_clients_take_and_cannot_break_a_header(client: Client) -> None:
    body = configmap("a") | {f"bogus{number}\r\nX-Injected: yes": 1 for number in range(300)}
    answered = client.ask("POST", CONFIGMAPS, body)
    warnings = answered.headers.getlist("Warning")
    assert 10 < len(warnings) < 60
    assert warnings[-1].startswith('299 - "and ')
    assert "X-Injected" not in answered.headers


def test_a_large_list_arrives_whole(client: Client) -> None:
    for ordinal in range(3):
        client.create(CONFIGMAPS, configmap(f"c-{ordinal}") | {"data": {"a": "x" * 500_000}})
    answered = client.get(CONFIGMAPS)
    assert int(answered.headers["Content-Length"]) == len(answered.data) > 1_500_000
    assert [len(one["data"]["a"]) for one in answered.json["items"]] == [500_000] * 3


def test_a_namespace_is_finalized_by_whoever_took_care_of_it(client: Client) -> None:
    namespaces = "/api/v1/namespaces"
    client.create(namespaces, {"metadata": {"name": "old"}})
    assert client.ask("DELETE", f"{namespaces}/old").json["status"]["phase"] == "Terminating"
    body = client.get(f"{namespaces}/old").json
    answered = client.ask("PUT", f"{namespaces}/old/finalize", {**body, "spec": {}})
    assert answered.code == 200, answered.data
    assert client.get(f"{namespaces}/old").code == 404
    assert client.get(f"{namespaces}/default/finalize").code == 405


def test_a_debugger_is_added_through_its_own_subresource(client: Client) -> None:
    client.create(PODS, pod("web-0"))
    path, debugger = f"{PODS}/web-0/ephemeralcontainers", {"name": "debugger", "image": "busybox"}
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    answered = client.ask("PATCH", path, {"spec": {"ephemeralContainers": [debugger]}}, headers)
    assert answered.code == 200, answered.data
    assert "Warning" not in answered.headers
    found = client.get(path).json
    assert (found["kind"], found["spec"]["ephemeralContainers"][0]["name"]) == ("Pod", "debugger")
    assert client.ask("POST", path, {}).code == 405
