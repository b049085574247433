from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minisets.objects.kinds import Object
from minisets.objects.managed.fieldsets import difference, union
from minisets.objects.managed.owning import compared, fields_in
from minisets.objects.managed.shapes import shape_for
from tests.objects.managed.world import configmap, fields, statefulset

POD = shape_for("Pod")
SET = shape_for("StatefulSet")


def spec_of(**spec: Any) -> Object:
    return {"spec": spec}


# What an object has: Kubernetes' lists by key, sets, whole lists, whole maps, and maps by their keys.
OWNED = [
    (spec_of(nodeName="n"), ["spec/nodeName"]),
    (spec_of(nodeSelector={"a": "b", "c": "d"}), ["spec/nodeSelector"]),
    (spec_of(securityContext={}), ["spec/securityContext"]),
    (spec_of(tolerations=[{"key": "a"}, {"key": "b"}]), ["spec/tolerations"]),
    (spec_of(containers=[]), []),
    (spec_of(nodeName=None), ["spec/nodeName"]),
    ({"metadata": {"labels": {"a": "b"}}}, ["metadata/labels/a"]),
    ({"metadata": {"labels": None, "finalizers": None}}, ["metadata/labels", "metadata/finalizers"]),
    ({"metadata": {"labels": {}, "finalizers": []}}, ["metadata/labels"]),
    ({"metadata": {"finalizers": ["x", "y"]}}, ['metadata/finalizers/v:"x"', 'metadata/finalizers/v:"y"']),
    (
        {"metadata": {"ownerReferences": [{"uid": "1", "name": "n"}]}},
        ['metadata/ownerReferences/k:{"uid":"1"}'],
    ),
    (
        spec_of(containers=[{"name": "a", "args": ["x", "y"], "env": [{"name": "E", "value": "1"}]}]),
        [
            'spec/containers/k:{"name":"a"}',
            'spec/containers/k:{"name":"a"}/name',
            'spec/containers/k:{"name":"a"}/args',
            'spec/containers/k:{"name":"a"}/env/k:{"name":"E"}',
            'spec/containers/k:{"name":"a"}/env/k:{"name":"E"}/name',
            'spec/containers/k:{"name":"a"}/env/k:{"name":"E"}/value',
        ],
    ),
    (
        spec_of(imagePullSecrets=[{"name": "s"}]),
        ['spec/imagePullSecrets/k:{"name":"s"}'],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), OWNED)
def test_an_object_has_its_leaves_and_the_elements_of_its_lists(value: Object, expected: list[str]) -> None:
    assert fields_in(POD, value) == fields(*expected)


def test_a_key_that_is_left_out_is_its_default() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]
    found = fields_in(POD, spec_of(containers=[{"name": "a", "ports": ports}]))
    place = 'spec/containers/k:{"name":"a"}'
    assert found == fields(
        place,
        f"{place}/name",
        *(
            f'{place}/ports/k:{{"containerPort":80,"protocol":"{protocol}"}}{below}'
            for protocol, keys in (
                ("TCP", ["", "/containerPort"]),
                ("UDP", ["", "/containerPort", "/protocol"]),
            )
            for below in keys
        ),
    )


def test_a_claims_reference_is_owned_field_by_field_and_others_as_a_whole() -> None:
    volume = {"spec": {"claimRef": {"name": "a", "namespace": "b"}, "nodeAffinity": {"required": {"a": 1}}}}
    expected = fields("spec/claimRef/name", "spec/claimRef/namespace", "spec/nodeAffinity/required")
    assert fields_in(shape_for("PersistentVolume"), volume) == expected


def test_elements_that_stand_there_twice_are_owned_as_they_are() -> None:
    env = [{"name": "E", "value": "1"}, {"name": "E", "value": "2"}, {"name": "F"}]
    found = fields_in(POD, spec_of(containers=[{"name": "a", "env": env}]))
    place = 'spec/containers/k:{"name":"a"}'
    assert found == fields(
        place, f"{place}/name", f'{place}/env/k:{{"name":"E"}}',
        f'{place}/env/k:{{"name":"F"}}', f'{place}/env/k:{{"name":"F"}}/name',
    )  # fmt: skip


def test_what_came_changed_and_went_is_told_apart() -> None:
    before = statefulset({"name": "a", "image": "1"}, {"name": "b"}, replicas=1, serviceName="s")
    after = statefulset(
        {"name": "a", "image": "2"}, {"name": "c"}, replicas=1, podManagementPolicy="Parallel"
    )
    found = compared(SET, before, after)
    place = "spec/template/spec/containers"
    assert found.modified == fields(f'{place}/k:{{"name":"a"}}/image')
    assert found.added == fields(
        "spec/podManagementPolicy", f'{place}/k:{{"name":"c"}}', f'{place}/k:{{"name":"c"}}/name'
    )
    assert found.removed == fields(
        "spec/serviceName", f'{place}/k:{{"name":"b"}}', f'{place}/k:{{"name":"b"}}/name'
    )


def test_a_map_that_comes_is_added_itself_and_one_that_grows_is_not() -> None:
    kind = shape_for("ConfigMap")
    assert compared(kind, configmap(), configmap(a="1")).added == fields("data", "data/a")
    assert compared(kind, configmap(b="1"), configmap(a="1", b="1")).added == fields("data/a")


@pytest.mark.parametrize(
    ("before", "after", "removed", "modified", "added"),
    [
        (["E=1"], ["E=1", "E=2"], ["E", "E/name", "E/value"], [], ["E"]),
        (["E=1", "E=2"], ["E=1"], ["E"], [], ["E", "E/name", "E/value"]),
        (["E=1", "E=2"], ["E=1", "E=3"], [], ["E"], []),
        (["E=1", "E=2"], ["E=1", "E=2"], [], [], []),
        ([], ["E=1", "E=2"], [], [], ["E"]),
        (["E=1", "E=2"], [], ["E"], [], []),
    ],
)
def test_elements_that_begin_or_cease_to_be_twice_there(
    before: list[str], after: list[str], removed: list[str], modified: list[str], added: list[str]
) -> None:
    def pod(pairs: list[str]) -> Object:
        env = [dict(zip(("name", "value"), pair.split("="), strict=True)) for pair in pairs]
        return spec_of(containers=[{"name": "a", "env": [*env, {"name": "Z"}]}])

    def paths(texts: list[str]) -> Any:
        return fields(
            *(f'spec/containers/k:{{"name":"a"}}/env/k:{{"name":"{text[0]}"}}{text[1:]}' for text in texts)
        )

    found = compared(POD, pod(before), pod(after))
    assert (found.removed, found.modified, found.added) == (paths(removed), paths(modified), paths(added))


containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc")},
        optional={
            "image": st.sampled_from("12"),
            "args": st.lists(st.sampled_from("xy"), max_size=2),
            "ports": st.lists(
                st.fixed_dictionaries({"containerPort": st.integers(1, 2)}), max_size=2, unique_by=str
            ),
        },
    ),
    max_size=3,
    unique_by=lambda one: one["name"],
)


@given(containers, containers)
def test_a_comparison_is_the_difference_of_what_both_have(before: list[Object], after: list[Object]) -> None:
    """Added and removed hold at least the difference (containers themselves come on top), nothing else."""
    old, new = spec_of(containers=before), spec_of(containers=after)
    found, forth = compared(POD, old, new), compared(POD, new, old)
    assert (found.removed, found.modified, found.added) == (forth.added, forth.modified, forth.removed)
    assert found.is_empty() is (old == new or sorted(map(str, before)) == sorted(map(str, after)))
    ours, theirs = fields_in(POD, old), fields_in(POD, new)
    assert difference(difference(theirs, ours), found.added) == {}
    assert difference(difference(ours, theirs), found.removed) == {}
    assert difference(found.modified, union(ours, theirs)) == {}
