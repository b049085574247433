"""The Lease of each node: a sign of life that is cheaper to write than a Node.

Kubernetes: component-helpers apimachinery/lease, pkg/kubelet/util/nodelease.go.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from minisets.errors import AlreadyExists, Forbidden, NotFound
from minisets.objects.kinds import Ref
from minisets.objects.metadata import micro_timestamp, name_of, uid_of

if TYPE_CHECKING:
    from datetime import datetime

    from minisets.objects.kinds import Object
    from minisets.registry.registry import Registry

NAMESPACE = "kube-node-lease"
LASTS = timedelta(seconds=600)
"""Twice the time between two heartbeats: see the charter."""

_log = logging.getLogger(__name__)


def renew(registry: Registry, node: Object, now: datetime) -> None:
    """The node lives now. Without its namespace it goes without."""
    wanted = _lease(node, now)
    try:
        if registry.store.get(Ref("Lease", NAMESPACE, name_of(node))) is None:
            registry.create("Lease", NAMESPACE, wanted)
        else:
            registry.change(Ref("Lease", NAMESPACE, name_of(node)), lambda old: _renewed(old, wanted))
    except (AlreadyExists, Forbidden, NotFound) as error:
        _log.debug("the lease of node %s is not renewed: %s", name_of(node), error)


def _renewed(old: Object, wanted: Object) -> Object:
    """Kubernetes: newLease: a Node that was made anew owns it from then on."""
    old["metadata"]["ownerReferences"] = wanted["metadata"]["ownerReferences"]
    return {**old, "spec": {**(old.get("spec") or {}), **wanted["spec"]}}


def _lease(node: Object, now: datetime) -> Object:
    owner = {"apiVersion": "v1", "kind": "Node", "name": name_of(node), "uid": uid_of(node)}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name_of(node), "namespace": NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name_of(node),
            "leaseDurationSeconds": int(LASTS.total_seconds()),
            "renewTime": micro_timestamp(now),
        },
    }
