"""The soak's three statefulsets: what their policies are, and their manifests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.scenarios import classes
from tests.scenarios.bare import BUSY
from tests.soak.records import ENDS_AT_ONCE, FOLDER, WRITER

if TYPE_CHECKING:
    from random import Random

    from minisets.objects.kinds import Object

Keep = Literal["Retain", "Delete"]
Management = Literal["OrderedReady", "Parallel"]
_EITHER: tuple[Keep, Keep] = ("Retain", "Delete")
_MANAGEMENT: tuple[Management, Management] = ("OrderedReady", "Parallel")
_CLASSES = {"Retain": "retained", "Delete": "standard"}


@dataclass(frozen=True)
class Policy:
    """What decides about the claims of one statefulset. stubborn: its pods end at SIGKILL only."""

    name: str
    management: Management
    reclaim: Keep
    when_deleted: Keep
    when_scaled: Keep
    stubborn: bool = False

    def __str__(self) -> str:
        retention = f"whenDeleted {self.when_deleted}, whenScaled {self.when_scaled}"
        return f"{self.name}: {self.management}, reclaim {self.reclaim}, {retention}"


def three(random: Random) -> dict[str, Policy]:
    """One that keeps all, one that drops all, and one as it comes, by name."""
    management = random.choice(_MANAGEMENT)
    reclaim, when_deleted, when_scaled = (random.choice(_EITHER) for _ in range(3))
    policies = (
        Policy("kept", "OrderedReady", "Retain", "Retain", "Retain"),
        Policy("dropped", "Parallel", "Delete", "Delete", "Delete", stubborn=True),
        Policy("mixed", management, reclaim, when_deleted, when_scaled),
    )
    return {policy.name: policy for policy in policies}


def retaining_class() -> Object:
    """The class beside the default one, whose volumes outlive their claims."""
    return classes.storage_class(_CLASSES["Retain"], reclaimPolicy="Retain")


def claim_name(statefulset: str, ordinal: int) -> str:
    return f"data-{statefulset}-{ordinal}"


def claim(policy: Policy, ordinal: int) -> Object:
    """As a person makes it, before the controller does."""
    return classes.claim(claim_name(policy.name, ordinal), _CLASSES[policy.reclaim], "1Mi")


def statefulset(policy: Policy, replicas: int) -> Object:
    labels = {"app": policy.name}
    script = WRITER if policy.stubborn else ENDS_AT_ONCE + WRITER
    container = {
        "name": "writer",
        "image": BUSY,
        "command": ["sh", "-c", script],
        "env": [{"name": "POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}],
        "volumeMounts": [{"name": "data", "mountPath": FOLDER}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": policy.name},
        "spec": {
            "serviceName": policy.name,
            "replicas": replicas,
            "podManagementPolicy": policy.management,
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": policy.when_deleted,
                "whenScaled": policy.when_scaled,
            },
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim(policy, 0)["spec"]}],
        },
    }
