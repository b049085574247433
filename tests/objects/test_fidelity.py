import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from minisets.objects.fidelity import findings, rows_of, type_at, warnings, without_rows
from minisets.objects.fidelity_table import Row, handles, rows
from minisets.objects.kinds import KINDS
from minisets.objects.schema import type_named

ROOT = Path(__file__).parents[2]
ROWS = [row for found in rows().values() for row in found]


@cache
def functions_in(file: Path) -> frozenset[str]:
    """The tests that a file defines, also in classes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    defined = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in defined)


@pytest.mark.parametrize("title", [kind.title for kind in KINDS])
def test_every_field_of_a_served_kind_has_a_row(title: str) -> None:
    assert without_rows(title) == ()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.where}.{row.field}")
def test_every_row_speaks_of_a_field_that_exists(row: Row) -> None:
    known = type_at(row.where)
    assert row.field == "*" or row.field in known.fields
    assert not row.or_without or row.or_without in known.fields


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.where}.{row.field}")
def test_every_row_says_how_it_is_known_or_what_happens_instead(row: Row) -> None:
    """What is honoured names tests that exist; what is not says more than that it is not there yet."""
    if row.how == "honoured":
        named = [test.partition("::") for test in row.tests]
        assert named, "it names no test"
        assert [name for file, _, name in named if name not in functions_in(ROOT / file)] == []
        return
    assert row.why
    assert row.tests == ()
    assert not re.search(r"\byet\b", row.why), "it will be read for longer than that"


def test_every_handle_is_used_once_at_least() -> None:
    named = {test for row in ROWS for test in row.tests}
    assert [handle for handle, test in handles().items() if test not in named] == []


def test_a_mistake_in_the_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for line, said in {
        "  + replicas [nobody]": r"names a test \[nobody\] that fidelity_tests.py does not have",
        "  replicas": "StatefulSetSpec has a line that is none:   replicas",
        "  + rep-licas": "StatefulSetSpec has a token that is none: rep-licas",
    }.items():
        monkeypatch.setattr("minisets.objects.fidelity_table.TABLE", f"StatefulSetSpec\n{line}\n")
        with pytest.raises(ValueError, match=said):
            rows.__wrapped__()


def test_a_row_is_read_with_its_reason_and_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    table = """
# Sets
StatefulSetSpec PodSpec
  + template [identity tests/a/test_b.py::test_c]
  + ordinals: a note: with a colon [identity]
  ~ replicas!=1|2 selector: only [so] many
"""
    monkeypatch.setattr("minisets.objects.fidelity_table.TABLE", table)
    found = rows.__wrapped__()
    identity = "tests/controllers/statefulset/test_identity.py::test_a_pod_is_its_template_under_its_identity"
    assert found["PodSpec", "template"] == (
        Row("PodSpec", "template", "honoured", tests=(identity, "tests/a/test_b.py::test_c"), area="Sets"),
    )
    assert found["StatefulSetSpec", "ordinals"][0].why == "a note: with a colon"
    (replicas,) = found["StatefulSetSpec", "replicas"]
    assert (replicas.how, replicas.why, replicas.unless) == (
        "approximated",
        "only [so] many",
        frozenset({"1", "2"}),
    )


def statefulset(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": spec}},
    }


def test_a_manifest_that_is_honoured_whole_warns_of_nothing() -> None:
    container = {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80, "name": "web"}]}
    assert warnings("StatefulSet", statefulset(containers=[container])) == ()


def test_a_field_that_is_not_honoured_is_named_with_its_path_and_the_reason() -> None:
    obj = statefulset(
        runtimeClassName="kata",
        containers=[{"name": "a"}, {"name": "b", "volumeDevices": [{"name": "d"}]}],
    )
    assert warnings("StatefulSet", obj) == (
        "spec.template.spec.runtimeClassName: not honoured: containers run in the engine's default runtime",
        "spec.template.spec.containers[1].volumeDevices: not honoured: no block devices, the pod waits",
    )


@pytest.mark.parametrize(
    ("spec", "warned"),
    [
        ({"dnsPolicy": "ClusterFirst"}, False),
        ({"dnsPolicy": "Default"}, False),
        ({"hostNetwork": True}, False),
        ({"hostPID": False}, False),
        ({"hostPID": True}, False),
        ({"nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}]}, False),
        ({"shareProcessNamespace": True, "readinessGates": [{"conditionType": "a/b"}]}, False),
        ({"securityContext": {"fsGroup": 1, "runAsNonRoot": True, "supplementalGroups": [1]}}, False),
        ({"securityContext": {"fsGroup": 1, "fsGroupChangePolicy": "Always"}}, False),
        ({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, False),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, False),
        ({"securityContext": {"seccompProfile": {"type": "Localhost"}}}, True),
        ({"securityContext": {"supplementalGroupsPolicy": "Merge"}}, False),
        ({"securityContext": {"supplementalGroupsPolicy": "Strict"}}, True),
        ({"hostUsers": False}, True),
        ({"tolerations": []}, False),
        ({"schedulerName": "default-scheduler"}, False),
        ({"containers": [{"imagePullPolicy": "IfNotPresent"}]}, False),
        ({"containers": [{"imagePullPolicy": "Always"}]}, True),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, False),
        ({"volumes": [{"name": "v", "csi": {"driver": "x"}}]}, True),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": ""}}]}, False),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "DirectoryOrCreate"}}]}, False),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "File"}}]}, False),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "a"}}]}}]}, False),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "a"}}]}}]},
            True,
        ),
        ({"containers": [{"resources": {"limits": {"memory": "1Mi", "cpu": 1}}}]}, False),
        ({"containers": [{"resources": {"limits": {"memory": "1Mi", "ephemeral-storage": "1Gi"}}}]}, True),
        ({"containers": [{"securityContext": {"allowPrivilegeEscalation": False}}]}, False),
        ({"containers": [{"lifecycle": {"stopSignal": "SIGINT"}, "tty": True, "stdin": True}]}, False),
        ({"containers": [{"restartPolicy": "Always"}]}, False),
        ({"containers": [{"restartPolicyRules": [{"action": "Restart"}]}]}, True),
        ({"initContainers": [{"restartPolicy": "Always"}]}, False),
        ({"containers": [{"livenessProbe": {"grpc": {"port": 1}}}]}, False),
        ({"containers": [{"livenessProbe": {"grpc": {"port": 1, "mode": "TLS"}}}]}, True),
    ],
)
def test_a_row_may_speak_of_some_values_only(spec: dict[str, Any], warned: bool) -> None:  # noqa: FBT001 - a table's column
    assert bool(warnings("Pod", {"spec": spec})) is warned


def test_services_without_an_address_of_their_own_are_honoured() -> None:
    assert warnings("Service", {"spec": {"clusterIP": "None", "ports": [{"port": 80}]}}) == ()
    assert warnings("Service", {"spec": {"type": "ExternalName", "externalName": "example.com"}}) == ()


@pytest.mark.parametrize("spec", [{"ports": [{"port": 80}]}, {"clusterIP": "10.0.0.1"}])
def test_a_service_with_an_address_is_approximated_whether_it_asks_for_one_or_not(
    spec: dict[str, Any],
) -> None:
    (line,) = warnings("Service", {"spec": spec})
    assert line.startswith("spec.clusterIP: approximated: no data path")
    _, line = warnings("Service", {"spec": {**spec, "type": "NodePort"}})
    assert line.startswith("spec.type: not honoured: ")


def test_a_place_wins_over_its_type() -> None:
    container = type_named("Container")
    (general,) = rows_of(container, "restartPolicy", "Pod:spec.containers[]")
    (special,) = rows_of(container, "restartPolicy", "Pod:spec.initContainers[]")
    assert general.where == "Container"
    assert special.where == "Pod:spec.initContainers[]"
    assert general.tests != special.tests


def test_what_is_unknown_or_mistyped_is_left_to_others() -> None:
    assert warnings("Pod", {"spec": {"bogus": 1, "containers": "x"}, "status": {"phase": "x"}}) == ()


def test_findings_tell_of_fields_and_not_of_what_only_holds_them() -> None:
    obj = statefulset(containers=[{"name": "a"}], tolerations=[], resources={"limits": {}})
    assert [(found.path, found.how) for found in findings("StatefulSet", obj)] == [
        ("metadata.name", "honoured"),
        ("spec.template.spec.containers[0].name", "honoured"),
        ("spec.template.spec.resources", "not honoured"),
    ]


def test_a_value_that_no_row_is_meant_for_is_honoured() -> None:
    (found,) = findings("Pod", {"spec": {"schedulerName": "default-scheduler"}})
    assert str(found) == "spec.schedulerName: honoured"


def test_a_place_that_is_none_is_no_type() -> None:
    assert type_at("Pod:").name == "Pod"
    assert type_at("Pod:spec.volumes[].secret").name == "SecretVolumeSource"
    for nowhere in ("Pod:spec.nothing", "Pod:spec.nodeName.more", "Nothing", "Nothing:spec"):
        with pytest.raises(KeyError):
            type_at(nowhere)
