"""What a pod asks of its node, in whole numbers."""

from typing import Any

import pytest

from minisets.objects.kinds import Object
from minisets.objects.requests import Amounts, amounts, requests_of, weights_of

MEBI = 1024**2


def container(restart: str = "", **requests: str) -> dict[str, Any]:
    return {
        "name": "c",
        "resources": {"requests": requests},
        **({"restartPolicy": restart} if restart else {}),
    }


def pod(*containers: dict[str, Any], inits: tuple[dict[str, Any], ...] = (), **spec: Any) -> Object:
    return {"kind": "Pod", "spec": {"containers": list(containers), "initContainers": list(inits), **spec}}


def test_quantities_are_whole_numbers_rounded_up() -> None:
    asked = {"cpu": "250m", "memory": "1.5Gi", "pods": "110", "example.com/gpu": "2"}
    assert amounts(asked) == {"cpu": 250, "memory": 1536 * MEBI, "pods": 110, "example.com/gpu": 2}
    assert amounts({"cpu": "100.5u", "memory": "100m"}) == {"cpu": 1, "memory": 1}
    assert amounts(None) == {}


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        (pod({"name": "c"}), {}),
        (pod(container(cpu="1", memory="1Mi"), container(cpu="500m")), {"cpu": 1500, "memory": MEBI}),
        (pod(container(cpu="1"), inits=(container(cpu="2"), container(cpu="500m"))), {"cpu": 2000}),
        (pod(container(cpu="2"), inits=(container(cpu="1"),)), {"cpu": 2000}),
        (pod(container(cpu="1"), inits=(container("Always", cpu="1"),)), {"cpu": 2000}),
        (pod(container(cpu="1"), inits=(container("Always", cpu="1"), container(cpu="2"))), {"cpu": 3000}),
        (pod(container(cpu="1"), inits=(container(cpu="2"), container("Always", cpu="1"))), {"cpu": 2000}),
        (pod(container(cpu="1"), overhead={"cpu": "250m", "memory": "1Mi"}), {"cpu": 1250, "memory": MEBI}),
        (pod(container(cpu="1"), resources={"requests": {"cpu": "4"}}), {"cpu": 4000}),
    ],
    ids=[
        "nothing",
        "the sum of the containers",
        "an init container that wants more",
        "init containers that want less",
        "a sidecar beside the containers",
        "a sidecar beside a later init container",
        "a sidecar that comes after the init container",
        "overhead on top",
        "the pod's own request",
    ],
)
def test_a_pod_asks_for_what_it_needs_at_its_greediest(asking: Object, expected: Amounts) -> None:
    assert requests_of(asking) == expected


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        (pod({"name": "c"}, {"name": "d"}), {"cpu": 200, "memory": 400 * MEBI}),
        (pod(container(cpu="0", memory="1Mi")), {"cpu": 0, "memory": MEBI}),
        (pod(container(cpu="1")), {"cpu": 1000, "memory": 200 * MEBI}),
    ],
    ids=["containers that ask for nothing", "one that asks for none of it", "one that asks for half of it"],
)
def test_where_nodes_are_compared_nobody_uses_nothing(asking: Object, expected: Amounts) -> None:
    assert weights_of(asking) == expected
