from typing import Any

import pytest

from minisets.objects.kinds import Object
from minisets.objects.managed.fitting import misfits
from minisets.objects.managed.shapes import shape_for
from tests.objects.managed.world import statefulset

CONTAINERS = ".spec.template.spec.containers"
NO_KEY = (
    'associative list with keys has an element that omits all key fields ["name"] '
    "(and doesn't have default values for any key fields)"
)


TWO_FAULTS = (
    "errors:\n"
    '  .metadata.finalizers: duplicate entries for key [="x"]\n'
    "  .metadata.finalizers: element 2: associative list without keys has an element that's an explicit null"
)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (statefulset(replicsa=2), ".spec.replicsa: field not declared in schema"),
        (statefulset(replicas="2"), ".spec.replicas: expected numeric (int or float), got string"),
        (statefulset(replicas=True), ".spec.replicas: expected numeric (int or float), got bool"),
        (statefulset(serviceName=5), ".spec.serviceName: expected string, got 5"),
        (statefulset(updateStrategy=[]), ".spec.updateStrategy: expected map, got []"),
        (statefulset(volumeClaimTemplates={}), ".spec.volumeClaimTemplates: expected list, got {}"),
        (statefulset({"name": "a", "tty": "y"}), f'{CONTAINERS}[name="a"].tty: expected boolean, got "y"'),
        (statefulset({"image": "a"}), f"{CONTAINERS}: element 0: {NO_KEY}"),
        (statefulset({"name": "a"}, {"name": "a"}), f'{CONTAINERS}: duplicate entries for key [name="a"]'),
        (
            statefulset({"name": "a", "args": ["x", 1]}),
            f'{CONTAINERS}[name="a"].args[1]: expected string, got 1',
        ),
        (
            {"metadata": {"finalizers": ["x", "x", None]}},
            TWO_FAULTS,
        ),
        ({"metadata": {"ownerReferences": [None]}},
         ".metadata.ownerReferences: element 0: associative list with keys may not have a null element"),
        ({"metadata": {"ownerReferences": ["x"]}},
         ".metadata.ownerReferences: element 0: associative list with keys may not have non-map elements"),
        ({"metadata": {"finalizers": [{}]}},
         ".metadata.finalizers: element 0: associative list without keys has an element that's a map type"),
        ({"metadata": {"finalizers": [[]]}},
         ".metadata.finalizers: element 0: not supported: associative list with lists as elements"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_as_kubernetes_says_it(config: Object, said: str) -> None:
    assert misfits(shape_for("StatefulSet"), config) == said


@pytest.mark.parametrize(
    "container",
    [
        {"name": "a", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}}},
        {
            "name": "a",
            "livenessProbe": {"httpGet": {"port": "web"}},
            "readinessProbe": {"httpGet": {"port": 80}},
        },
        {
            "name": "a",
            "image": None,
            "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
        },
        {"name": "a", "args": ["x", "x"]},
    ],
)
def test_quantities_ports_nulls_and_what_may_be_twice_fit(container: Any) -> None:
    assert misfits(shape_for("StatefulSet"), statefulset(container)) == ""
