from __future__ import annotations

from typing import Any

import pytest

from minisets.objects.defaulting import with_defaults


def defaulted(**spec: Any) -> dict[str, Any]:
    return with_defaults("StatefulSet", {"metadata": {"name": "web"}, "spec": spec})["spec"]  # type: ignore[no-any-return]


def test_a_statefulset_gets_its_policies() -> None:
    """A-88. That maxUnavailable is written is 1.37's."""
    spec = defaulted()

    assert spec.pop("template")["spec"]["restartPolicy"] == "Always"
    assert spec == {
        "podManagementPolicy": "OrderedReady",
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "RollingUpdate"}, {"type": "RollingUpdate"}),
        ({"type": "OnDelete"}, {"type": "OnDelete"}),
        (
            {"rollingUpdate": {"partition": 2}},
            {"type": "RollingUpdate", "rollingUpdate": {"partition": 2, "maxUnavailable": 1}},
        ),
    ],
)
def test_a_strategy_that_is_named_gets_no_block(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """A-88."""
    assert defaulted(updateStrategy=given)["updateStrategy"] == expected


def test_no_replicas_and_no_history_are_kept() -> None:
    spec = defaulted(replicas=0, revisionHistoryLimit=0)

    assert (spec["replicas"], spec["revisionHistoryLimit"]) == (0, 0)


def test_a_template_gets_less_than_a_pod() -> None:
    """A-89, A-90."""
    limited = {"name": "a", "image": "b", "resources": {"limits": {"cpu": "1"}}}
    template = defaulted(template={"spec": {"containers": [limited]}})["template"]

    assert "enableServiceLinks" not in template["spec"]
    assert "status" not in template
    assert template["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert template["spec"]["containers"][0]["imagePullPolicy"] == "Always"


def test_a_claim_template_is_a_pending_claim() -> None:
    """A-91."""
    assert defaulted(volumeClaimTemplates=[{"metadata": {"name": "www"}}])["volumeClaimTemplates"] == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "www"},
            "spec": {"volumeMode": "Filesystem"},
            "status": {"phase": "Pending"},
        },
    ]
