"""Server-side apply over HTTPS: the content type, the options, who is recorded for every write (A-148)."""

from typing import Any

import pytest

from tests.api.serving import CONFIGMAPS, SETS, Answered, Client, Json, statefulset

APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}


def apply(
    client: Client, body: Any = CONFIG, query: str = "fieldManager=me", path: str = f"{CONFIGMAPS}/a"
) -> Answered:
    return client.ask("PATCH", f"{path}?{query}", body, APPLY)


def writers(obj: Json) -> list[tuple[str, str]]:
    return [(entry["manager"], entry["operation"]) for entry in obj["metadata"].get("managedFields", ())]


def test_an_apply_creates_with_201_and_changes_with_200(client: Client) -> None:
    made, again = apply(client), apply(client)
    assert (made.code, again.code) == (201, 200)
    assert made.json == again.json == client.get(f"{CONFIGMAPS}/a").json
    assert writers(made.json) == [("me", "Apply")]


def test_a_configuration_may_be_yaml(client: Client) -> None:
    yaml = b"# mine\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  b: '2'\n"
    assert apply(client, yaml).json["data"] == {"b": "2"}
    flow = b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {b: '3'}}"
    assert apply(client, flow).json["data"] == {"b": "3"}


@pytest.mark.parametrize(
    ("query", "body", "code", "says"),
    [
        (
            "",
            CONFIG,
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply',
        ),
        ("fieldManager=" + "m" * 129, CONFIG, 422, "fieldManager: Too long: may not be more than 128 bytes"),
        ("fieldManager=m%C3%A9%0A", CONFIG, 422, "invalid character U+000A (at position 3)"),
        ("fieldManager=me&fieldValidation=x", CONFIG, 422, "fieldValidation: Unsupported value"),
        ("fieldManager=me&dryRun=x", CONFIG, 422, "dryRun: Unsupported value"),
        ("fieldManager=me", b"a: 1\na: 2\n", 400, "error decoding YAML"),
        ("fieldManager=me", b"", 400, "error decoding patch"),
        ("fieldManager=me", [1], 400, "error decoding patch"),
        ("fieldManager=me", {**CONFIG, "data": [1]}, 500, ".data: expected map, got [1]"),
        ("fieldManager=me", {**CONFIG, "metadata": "a"}, 500, ".metadata: expected map"),
    ],
)
def test_an_apply_that_cannot_be_done_is_told_why(
    client: Client, query: str, body: Any, code: int, says: str
) -> None:
    answered = apply(client, body, query)
    assert (answered.code, says in answered.json["message"]) == (code, True), answered.json
    assert client.get(f"{CONFIGMAPS}/a").code == 404


def test_other_patches_know_no_force_and_other_content_types_no_apply(client: Client) -> None:
    client.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    forced = client.ask("PATCH", f"{CONFIGMAPS}/a?force=true", {}, MERGE)
    assert forced.json["message"].endswith("force: Forbidden: may not be specified for non-apply patch")
    cbor = client.ask("PATCH", f"{CONFIGMAPS}/a", b"", {"Content-Type": "application/apply-patch+cbor"})
    assert cbor.code == 415
    assert cbor.json["message"].endswith(", application/apply-patch+yaml")


def test_force_takes_and_a_dry_run_stores_nothing(client: Client) -> None:
    apply(client)
    other = {**CONFIG, "data": {"a": "2"}}
    refused = apply(client, other, "fieldManager=you")
    assert (refused.code, refused.json["reason"]) == (409, "Conflict")
    assert refused.json["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    assert apply(client, other, "fieldManager=you&force=false").code == 409
    assert apply(client, other, "fieldManager=you&force=true&dryRun=All").json["data"] == {"a": "2"}
    assert client.get(f"{CONFIGMAPS}/a").json["data"] == {"a": "1"}
    assert apply(client, other, "fieldManager=you&force=true").json["data"] == {"a": "2"}


def test_a_scale_and_a_status_are_applied_to_what_is_there(client: Client) -> None:
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 3}}
    place = f"{SETS}/web/scale"
    assert apply(client, scale, path=place).code == 404
    client.create(SETS, statefulset("web"))
    answered = apply(client, scale, "fieldManager=me&force=true", place)
    assert (answered.code, answered.json["kind"], answered.json["spec"]) == (200, "Scale", {"replicas": 3})
    assert "managedFields" not in answered.json["metadata"]
    status = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "status": {"replicas": 1},
    }
    assert apply(client, status, path=f"{SETS}/web/status").json["status"]["replicas"] == 1


@pytest.mark.parametrize(
    ("query", "agent", "manager"),
    [
        ("?fieldManager=me", "kubectl/v1.37", "me"),
        ("", "kubectl/v1.37 (linux/amd64)", "kubectl"),
        ("", "OpenAPI-Generator/37.0.0/python", "OpenAPI-Generator"),
        ("", "m" * 127 + "\u00e9", "m" * 127),
        ("", "", "unknown"),
    ],
)
def test_a_write_is_recorded_under_its_manager_or_its_clients_first_word(
    client: Client, query: str, agent: str, manager: str
) -> None:
    said = {"User-Agent": agent.encode()}
    made = client.ask("POST", CONFIGMAPS + query, CONFIG, said).json
    assert writers(made) == [(manager, "Update")]
    assert writers(client.ask("PUT", f"{CONFIGMAPS}/a{query}", {**made, "data": {"a": "2"}}, said).json) == [
        (manager, "Update")
    ]
    patched = client.ask("PATCH", f"{CONFIGMAPS}/a{query}", {"data": {"b": "1"}}, {**said, **MERGE}).json
    assert writers(patched) == [(manager, "Update")]


def test_a_manager_that_cannot_be_one_is_refused_for_every_write(client: Client) -> None:
    long = "?fieldManager=" + "m" * 129
    for method, path, headers in (("POST", "", {}), ("PUT", "/a", {}), ("PATCH", "/a", MERGE)):
        answered = client.ask(method, CONFIGMAPS + path + long, CONFIG, headers)
        assert (answered.code, "fieldManager: Too long" in answered.json["message"]) == (422, True)


def test_a_json_patch_that_does_not_fit_is_refused_in_kubernetes_words(client: Client) -> None:
    client.create(CONFIGMAPS, CONFIG)
    answered = client.ask("PATCH", f"{CONFIGMAPS}/a", [{"op": "remove", "path": "/data/x"}], JSON_PATCH)
    assert (answered.code, answered.json["reason"], answered.json["details"]) == (422, "Invalid", {})
    assert answered.json["message"].startswith(
        "the server rejected our request due to an error in our request: "
    )
