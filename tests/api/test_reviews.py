"""Questions that are posted, answered and never stored: who am I, what may I do."""

import pytest

from minisets.api.auth import Identity
from minisets.api.reviews import user_info
from tests.api.serving import Client, Json, Running

ACCESS = "/apis/authorization.k8s.io/v1"
WHO = "/apis/authentication.k8s.io/v1"
PODS = {"resourceAttributes": {"namespace": "default", "verb": "create", "resource": "pods"}}
USER = {"username": "minisets-admin", "groups": ["system:masters", "system:authenticated"]}


def test_whoever_asks_may_do_everything(client: Client) -> None:
    for kind, spec in (
        ("selfsubjectaccessreviews", PODS),
        ("selfsubjectaccessreviews", {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}),
        ("subjectaccessreviews", {**PODS, "user": "ann"}),
    ):
        answered = client.create(f"{ACCESS}/{kind}", {"spec": spec})
        assert answered["status"]["allowed"] is True
        assert "whoever has a token" in answered["status"]["reason"]
        assert answered["spec"] == spec
    local = f"{ACCESS}/namespaces/default/localsubjectaccessreviews"
    assert client.create(local, {"spec": {**PODS, "groups": ["people"]}})["status"]["allowed"] is True


def test_the_rules_are_one_for_everything(client: Client) -> None:
    status = client.create(f"{ACCESS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}})["status"]
    assert status["resourceRules"] == [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    assert status["incomplete"] is False


def test_one_is_who_the_token_says(client: Client) -> None:
    assert client.create(f"{WHO}/selfsubjectreviews", {})["status"] == {"userInfo": USER}
    asked = {"spec": {"token": client.token}}
    assert client.create(f"{WHO}/tokenreviews", asked)["status"] == {
        "authenticated": True,
        "user": USER,
        "audiences": ["https://kubernetes.default.svc"],
    }
    wrong = client.create(f"{WHO}/tokenreviews", {"spec": {"token": "wrong"}})["status"]
    assert wrong == {"user": {}, "error": "[invalid bearer token]"}


def test_an_identity_is_told_with_all_that_is_known_of_it() -> None:
    identity = Identity("ann", ("people",), uid="7", extra=(("scopes", ("a", "b")),))
    assert user_info(identity) == {
        "username": "ann",
        "uid": "7",
        "groups": ["people"],
        "extra": {"scopes": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("path", "body", "code", "said"),
    [
        (f"{ACCESS}/selfsubjectaccessreviews", {"spec": {}}, 422, "exactly one of nonResourceAttributes or"),
        (
            f"{ACCESS}/selfsubjectaccessreviews",
            {"spec": {**PODS, "nonResourceAttributes": {"path": "/"}}},
            422,
            "cannot be specified in combination with resourceAttributes",
        ),
        (f"{ACCESS}/subjectaccessreviews", {"spec": PODS}, 422, "at least one of user or group must be"),
        (f"{ACCESS}/selfsubjectrulesreviews", {"spec": {}}, 400, "no namespace on request"),
        (f"{WHO}/tokenreviews", {"spec": {}}, 400, "token is required for TokenReview"),
        (f"{ACCESS}/selfsubjectaccessreviews", {"spec": {"bogus": 1}}, 400, 'unknown field "spec.bogus"'),
        (f"{ACCESS}/selfsubjectaccessreviews", {"kind": "Pod"}, 400, "does not match the expected kind"),
        (
            f"{ACCESS}/namespaces/default/localsubjectaccessreviews",
            {"spec": {"user": "a", "resourceAttributes": {"namespace": "other"}}},
            422,
            "spec.resourceAttributes.namespace: Required value: must be default",
        ),
    ],
)
def test_a_question_that_asks_nothing_is_refused(
    client: Client, path: str, body: Json, code: int, said: str
) -> None:
    answered = client.ask("POST", f"{path}?fieldValidation=Strict", body)
    assert (answered.code, said in answered.json["message"]) == (code, True), answered.data


def test_questions_are_neither_kept_nor_listed(client: Client, running: Running) -> None:
    before = running.store.version()
    client.create(f"{WHO}/selfsubjectreviews", {})
    assert running.store.version() == before
    assert client.get(f"{WHO}/selfsubjectreviews").code == 405
    assert client.ask("DELETE", f"{ACCESS}/selfsubjectaccessreviews/a").code == 405
