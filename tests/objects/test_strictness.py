import copy
from typing import Any

import pytest

from minisets.objects.kinds import kind_of
from minisets.objects.strictness import check, duplicate, refusal

PREFIX = 'StatefulSet in version "v1" cannot be handled as a StatefulSet: '


def statefulset(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec}


def with_container(**fields: Any) -> dict[str, Any]:
    return statefulset(template={"spec": {"containers": [{"name": "nginx", **fields}]}})


def messages(kind: str, obj: Any) -> list[str]:
    return [problem.message for problem in check(kind, obj)[1]]


def test_an_object_without_problems_comes_back_equal_and_unchanged() -> None:
    obj = with_container(image="nginx", ports=[{"containerPort": 80}], resources={"limits": {"cpu": "1"}})
    before = copy.deepcopy(obj)
    pruned, problems = check("StatefulSet", obj)
    assert (pruned, problems, obj) == (before, (), before)


def test_an_unknown_field_is_named_by_its_path_and_dropped() -> None:
    pruned, problems = check("StatefulSet", statefulset(replicsa=3, replicas=2))
    assert [(problem.path, problem.message, problem.kind) for problem in problems] == [
        ("spec.replicsa", 'unknown field "spec.replicsa"', "unknown")
    ]
    assert pruned["spec"] == {"replicas": 2}


def test_paths_have_list_positions() -> None:
    assert messages("StatefulSet", with_container(imagee="nginx")) == [
        'unknown field "spec.template.spec.containers[0].imagee"'
    ]


def test_nulls_are_not_given_and_nulls_in_lists_are_zeros() -> None:
    obj = with_container(image=None, args=["a", None], envFrom=[None])
    pruned, problems = check("StatefulSet", obj)
    container = pruned["spec"]["template"]["spec"]["containers"][0]
    assert container == {"name": "nginx", "args": ["a", ""], "envFrom": [{}]}
    assert problems == ()


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (
            statefulset(replicas="two"),
            "json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            statefulset(replicas=1.5),
            (
                "json: cannot unmarshal number 1.5 into Go struct field StatefulSetSpec.spec.replicas"
                " of type int32"
            ),
        ),
        (
            statefulset(replicas=2**31),
            (
                "json: cannot unmarshal number 2147483648 into Go struct field StatefulSetSpec.spec.replicas"
                " of type int32"
            ),
        ),
        (
            statefulset(replicas=True),
            "json: cannot unmarshal bool into Go struct field StatefulSetSpec.spec.replicas of type int32",
        ),
        (
            with_container(env=[{"name": "PORT", "value": 80}]),
            (
                "json: cannot unmarshal number into Go struct field"
                " EnvVar.spec.template.spec.containers.env.value of type string"
            ),
        ),
        (
            with_container(imagePullPolicy=1),
            (
                "json: cannot unmarshal number into Go struct field"
                " Container.spec.template.spec.containers.imagePullPolicy of type v1.PullPolicy"
            ),
        ),
        (
            with_container(ports={}),
            (
                "json: cannot unmarshal object into Go struct field"
                " Container.spec.template.spec.containers.ports of type []v1.ContainerPort"
            ),
        ),
        (
            statefulset(template=[]),
            (
                "json: cannot unmarshal array into Go struct field StatefulSetSpec.spec.template"
                " of type v1.PodTemplateSpec"
            ),
        ),
        (
            statefulset(selector={"matchLabels": {"tier": 1}}),
            (
                "json: cannot unmarshal number into Go struct field LabelSelector.spec.selector.matchLabels"
                " of type string"
            ),
        ),
        (
            with_container(resources={"limits": {"cpu": "much"}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            with_container(livenessProbe={"tcpSocket": {"port": True}}),
            "json: cannot unmarshal bool into Go value of type int32",
        ),
        ([], "json: cannot unmarshal array into Go value of type v1.StatefulSet"),
    ],
)
def test_a_mistyped_field_is_said_in_gos_words(obj: Any, said: str) -> None:
    _, problems = check("StatefulSet", obj)
    assert [problem.kind for problem in problems] == ["mistyped"]
    assert str(refusal("StatefulSet", problems)) == PREFIX + said


def test_secrets_want_base64() -> None:
    assert messages("Secret", {"data": {"a": "aGk=\n"}}) == []
    assert messages("Secret", {"data": {"a": "not base64"}}) == ["illegal base64 data at input byte 3"]


def test_stamps_want_rfc_3339() -> None:
    assert messages("Pod", {"metadata": {"creationTimestamp": "2026-01-01T00:00:00.123456789+02:00"}}) == []
    assert len(messages("Pod", {"metadata": {"creationTimestamp": "20260101"}})) == 1
    obj = {"metadata": {"creationTimestamp": "yesterday"}}
    assert messages("Pod", obj) == [
        'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'
    ]


def test_free_form_data_is_left_alone() -> None:
    data = {"spec": {"template": {"$patch": "replace", "anything": None}}}
    assert check("ControllerRevision", {"data": data}) == ({"data": data}, ())


def test_several_unknown_fields_are_refused_in_one_message() -> None:
    _, problems = check("StatefulSet", statefulset(a=1, b=2))
    error = refusal(kind_of("StatefulSet"), (*problems, duplicate("spec.c")))
    assert str(error) == (
        PREFIX
        + 'strict decoding error: unknown field "spec.a", unknown field "spec.b", duplicate field "spec.c"'
    )
    assert (error.code, error.reason) == (400, "BadRequest")


def test_a_mistyped_field_wins_over_unknown_ones() -> None:
    _, problems = check("StatefulSet", statefulset(a=1, replicas="x"))
    assert "strict decoding error" not in str(refusal("StatefulSet", problems))
