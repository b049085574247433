"""The route of evictions: what is answered, and which bodies are taken."""

from typing import Any

import pytest

from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, meta
from tests.api.serving import PODS, Client, Json, Running, run_pod, set_status

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
ROUTE = f"{PODS}/web-0/eviction"
POD = Ref("Pod", "default", "web-0")
NONE = {"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}


def eviction(**parts: Any) -> Json:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-0"}, **parts}


@pytest.fixture
def client(running: Running) -> Client:
    """With a pod that is ready."""
    run_pod(running, "web-0")
    set_status(running, "web-0", {"conditions": [{"type": "Ready", "status": "True"}]})
    return running.client


def budget(running: Running, name: str, *, observed: int = 1) -> None:
    """One over every pod that allows nothing."""
    running.client.create(BUDGETS, {"metadata": {"name": name}, "spec": {"selector": {}, "minAvailable": 1}})
    ref, status = Ref("PodDisruptionBudget", "default", name), {**NONE, "observedGeneration": observed}
    running.registry.change(ref, lambda found: {**found, "status": status}, subresource="status")


def test_an_eviction_is_answered_with_a_success_that_was_created(client: Client, running: Running) -> None:
    """A-104."""
    answered = client.ask("POST", ROUTE, eviction(deleteOptions={"gracePeriodSeconds": 7}))
    assert (answered.code, answered.json) == (201, {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    })  # fmt: skip
    stored = running.store.get(POD)
    assert stored is not None
    assert is_being_deleted(stored)
    assert meta(stored)["deletionGracePeriodSeconds"] == 7


@pytest.mark.parametrize(
    ("query", "options"),
    [("?dryRun=All", {}), ("", {"dryRun": ["All"]}), ("?dryRun=All", {"dryRun": ["All"]})],
)
def test_a_dry_run_may_be_asked_for_in_two_places(
    client: Client, running: Running, query: str, options: Json
) -> None:
    """A-104."""
    assert client.ask("POST", ROUTE + query, eviction(deleteOptions=options)).code == 201
    assert not is_being_deleted(running.store.get(POD) or {})


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (eviction(metadata={"name": "web-1"}), 400, "name in URL does not match name in Eviction object"),
        (eviction(apiVersion="v1"), 400, "the API version in the data (v1) does not match the expected API"),
        (
            eviction(deleteOptions={"dryRun": ["Some"]}),
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: dryRun',
        ),
        (
            eviction(deleteOptions={"preconditions": {"uid": "x"}}),
            409,
            "Operation cannot be fulfilled on Pod",
        ),
    ],
)
def test_what_is_no_eviction_of_this_pod_is_refused(
    client: Client, body: Json, code: int, message: str
) -> None:
    """A-104."""
    answered = client.ask("POST", ROUTE, body)
    assert (answered.code, answered.json["code"]) == (code, code)
    assert answered.json["message"].startswith(message)


def test_an_unknown_field_is_warned_of(client: Client) -> None:
    answered = client.ask("POST", ROUTE, eviction(bogus=1))
    assert (answered.code, answered.headers["Warning"]) == (201, '299 - "unknown field \\"bogus\\""')


def test_without_a_budget_left_the_answer_is_429_and_clients_wait_as_they_like(
    client: Client, running: Running
) -> None:
    """A-105."""
    budget(running, "web")
    answered = client.ask("POST", ROUTE, eviction())
    assert (answered.code, answered.json["reason"]) == (429, "TooManyRequests")
    (cause,) = answered.json["details"]["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"] == "The disruption budget web needs 1 healthy pods and has 1 currently"
    assert "Retry-After" not in answered.headers
    assert "retryAfterSeconds" not in answered.json["details"]


def test_a_budget_that_was_not_counted_yet_tells_clients_to_come_back(
    client: Client, running: Running
) -> None:
    """A-105."""
    budget(running, "web", observed=0)
    answered = client.ask("POST", ROUTE, eviction())
    assert (answered.code, answered.headers["Retry-After"]) == (429, "10")
    assert answered.json["details"]["retryAfterSeconds"] == 10


def test_two_budgets_are_an_error(client: Client, running: Running) -> None:
    """A-105."""
    budget(running, "web")
    budget(running, "another")
    answered = client.ask("POST", ROUTE, eviction())
    assert (answered.code, answered.json["code"]) == (500, 500)
    assert answered.json["message"].startswith("This pod has more than one PodDisruptionBudget")


def test_evictions_are_created_and_nothing_else(client: Client) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert client.ask(method, ROUTE).code == 405
    assert client.get("/apis/policy/v1beta1/poddisruptionbudgets").code == 404
