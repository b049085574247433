import json
from typing import Any

import pytest

from minisets.objects.canonical import canonical
from minisets.objects.kinds import KINDS
from minisets.objects.managed.owning import compared, fields_in
from minisets.objects.managed.shapes import Shape, blank, shape_for
from minisets.objects.schema import type_for

TITLES = [kind.title for kind in KINDS]


def walked(shape: Shape, seen: set[str], path: str) -> list[tuple[str, Shape]]:
    """Every place of a shape; a type is entered once."""
    found = [(path, shape)]
    if shape.struct and shape.struct not in seen:
        seen.add(shape.struct)
        for name, inner in shape.fields.items():
            found += walked(inner, seen, f"{path}.{name}")
    if shape.items is not None:
        found += walked(shape.items, seen, f"{path}[]")
    return found


@pytest.mark.parametrize("title", TITLES)
def test_every_list_by_key_has_keys_that_its_elements_have(title: str) -> None:
    for path, shape in walked(shape_for(title), set(), title):
        if shape.form == "list" and not shape.is_atomic:
            assert shape.items is not None, path
            if shape.keys:
                assert set(shape.keys) <= shape.items.fields.keys(), path
            else:
                assert shape.items.form == "scalar", path


@pytest.mark.parametrize("title", TITLES)
def test_a_blank_object_is_what_canonical_form_makes_of_nothing(title: str) -> None:
    def without_nulls(value: Any) -> Any:
        if isinstance(value, dict) or hasattr(value, "items"):
            return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
        return value

    made = without_nulls(blank(type_for(title).name))
    assert made == canonical(title, {})
    assert json.dumps(made)
    assert compared(shape_for(title), made, made).is_empty()


def test_what_may_be_owned_follows_from_kubernetes_facts() -> None:
    places = dict(walked(shape_for("Pod"), set(), "Pod"))
    facts = {
        "Pod.spec.containers": ("list", False, ("name",)),
        "Pod.spec.containers[].ports": ("list", False, ("containerPort", "protocol")),
        "Pod.spec.containers[].args": ("list", True, ()),
        "Pod.spec.tolerations": ("list", True, ()),
        "Pod.spec.nodeSelector": ("map", True, ()),
        "Pod.metadata.labels": ("map", False, ()),
        "Pod.metadata.finalizers": ("list", False, ()),
        "Pod.metadata.ownerReferences": ("list", False, ("uid",)),
        "Pod.metadata.ownerReferences[]": ("map", True, ()),
        "Pod.status.hostIPs": ("list", True, ()),
        "Pod.spec.topologySpreadConstraints": ("list", False, ("topologyKey", "whenUnsatisfiable")),
    }
    for path, (form, whole, keys) in facts.items():
        assert (places[path].form, places[path].is_atomic, places[path].keys) == (form, whole, keys), path


def test_what_no_type_describes_is_one_leaf() -> None:
    revision = {"data": {"spec": {"template": {}}}, "revision": 1}
    assert fields_in(shape_for("ControllerRevision"), revision) == {"f:data": {}, "f:revision": {}}
