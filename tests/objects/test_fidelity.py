from typing import Any

import pytest

from minisets.objects.fidelity import rows, rows_of, warnings, without_rows
from minisets.objects.kinds import KINDS
from minisets.objects.schema import type_named, types


@pytest.mark.parametrize("title", [kind.title for kind in KINDS])
def test_every_field_of_a_served_kind_has_a_row(title: str) -> None:
    assert without_rows(title) == ()


def test_every_row_speaks_of_a_field_that_exists() -> None:
    strange = [
        (where, field)
        for where, field in rows()
        if ":" not in where
        and (where not in types() or (field != "*" and field not in type_named(where).fields))
    ]
    assert strange == []


def test_every_row_that_is_not_honoured_says_why() -> None:
    silent = [row for found in rows().values() for row in found if row.how != "honoured" and not row.why]
    assert silent == []


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
        affinity={"podAntiAffinity": {}},
        containers=[{"name": "a"}, {"name": "b", "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}],
    )
    assert warnings("StatefulSet", obj) == (
        "spec.template.spec.affinity: not honoured: one node only, every pod runs there",
        "spec.template.spec.containers[1].lifecycle.preStop: not honoured: hooks are not run yet",
    )


@pytest.mark.parametrize(
    ("spec", "warned"),
    [
        ({"dnsPolicy": "ClusterFirst"}, False),
        ({"dnsPolicy": "Default"}, False),
        ({"hostNetwork": True}, False),
        ({"hostPID": False}, False),
        ({"hostPID": True}, True),
        ({"nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}]}, False),
        ({"shareProcessNamespace": True, "readinessGates": [{"conditionType": "a/b"}]}, False),
        ({"securityContext": {"fsGroup": 1, "runAsNonRoot": True, "supplementalGroups": [1]}}, False),
        ({"securityContext": {"fsGroup": 1, "fsGroupChangePolicy": "Always"}}, True),
        ({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}, False),
        ({"securityContext": {"seccompProfile": {"type": "Unconfined"}}}, True),
        ({"securityContext": {"sysctls": [{"name": "a", "value": "1"}]}}, True),
        ({"hostUsers": False}, True),
        ({"tolerations": []}, False),
        ({"schedulerName": "default-scheduler"}, False),
        ({"containers": [{"imagePullPolicy": "IfNotPresent"}]}, False),
        ({"containers": [{"imagePullPolicy": "Always"}]}, True),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, False),
        ({"volumes": [{"name": "v", "csi": {"driver": "x"}}]}, True),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": ""}}]}, False),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "DirectoryOrCreate"}}]}, False),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "File"}}]}, True),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "a"}}]}}]}, False),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "a"}}]}}]},
            True,
        ),
        ({"containers": [{"resources": {"limits": {"memory": "1Mi", "cpu": 1}}}]}, False),
        ({"containers": [{"resources": {"limits": {"memory": "1Mi", "ephemeral-storage": "1Gi"}}}]}, True),
        ({"containers": [{"securityContext": {"allowPrivilegeEscalation": False}}]}, False),
        ({"containers": [{"lifecycle": {"stopSignal": "SIGINT"}, "tty": True, "stdin": True}]}, False),
        ({"containers": [{"restartPolicy": "Always"}]}, True),
        ({"initContainers": [{"restartPolicy": "Always"}]}, False),
        ({"containers": [{"livenessProbe": {"grpc": {"port": 1}}}]}, True),
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
    assert line.startswith("spec.clusterIP: approximated: no data path yet")
    _, line = warnings("Service", {"spec": {**spec, "type": "NodePort"}})
    assert line.startswith("spec.type: not honoured: ")


def test_a_place_wins_over_its_type() -> None:
    container = type_named("Container")
    (general,) = rows_of(container, "restartPolicy", "Pod:spec.containers[]")
    (special,) = rows_of(container, "restartPolicy", "Pod:spec.initContainers[]")
    assert general.where == "Container"
    assert special.where == "Pod:spec.initContainers[]"
    assert (general.how, special.how) == ("not honoured", "honoured")


def test_what_is_unknown_or_mistyped_is_left_to_others() -> None:
    assert warnings("Pod", {"spec": {"bogus": 1, "containers": "x"}, "status": {"phase": "x"}}) == ()
