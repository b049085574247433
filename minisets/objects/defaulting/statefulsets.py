"""Defaults of statefulsets, their template and their claim templates (A-88, A-89, A-91).

Kubernetes: apps/v1 defaults.go SetDefaults_StatefulSet, apps/v1 conversion.go for the claim templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.objects.defaulting.fields import fill
from minisets.objects.defaulting.pods import default_pod_spec
from minisets.objects.defaulting.storage import default_claim

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def default_statefulset(statefulset: Object) -> None:
    """Policies, strategy, replicas; the template's and the claim templates' own defaults."""
    spec = statefulset.setdefault("spec", {})
    fill(spec, podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)
    fill(spec, persistentVolumeClaimRetentionPolicy={}, updateStrategy={})
    fill(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    _default_strategy(spec["updateStrategy"])
    default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    for template in spec.get("volumeClaimTemplates") or ():
        fill(template, apiVersion="v1", kind="PersistentVolumeClaim")
        default_claim(template)


def _default_strategy(strategy: Object) -> None:
    """Why: a strategy that names its type and has no block keeps none; it means partition 0."""
    if not strategy.get("type"):
        fill(strategy, type="RollingUpdate", rollingUpdate={})
    block = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and block is not None:
        fill(block, partition=0, maxUnavailable=1)
