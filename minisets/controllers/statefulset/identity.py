"""Who a pod of a statefulset is: its ordinal, name, labels, claims; and the pod made from a template.

Pure. Kubernetes: pkg/controller/statefulset/stateful_set_utils.go, controller_utils.go
`GetPodFromTemplate`.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from minisets.objects.metadata import labels_of, name_of, namespace_of, spec_of
from minisets.objects.owners import owner_reference

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
REVISION = "controller-revision-hash"
_MEMBER = re.compile(r"(.*)-([0-9]+)", re.DOTALL)
# Kubernetes: int32, the widest ordinal that upstream's parse accepts.
_WIDEST = 2**31 - 1


def ordinal_of(statefulset: Object, pod: Object) -> int | None:
    """The pod's ordinal, or None if its name is not `<statefulset>-<digits>` (A-3)."""
    found = _MEMBER.fullmatch(name_of(pod))
    if found is None or found[1] != name_of(statefulset):
        return None
    ordinal = int(found[2])
    return ordinal if ordinal <= _WIDEST else None


def first_ordinal(statefulset: Object) -> int:
    """`spec.ordinals.start`, or 0 (A-53)."""
    return int((spec_of(statefulset).get("ordinals") or {}).get("start") or 0)


def replicas_of(statefulset: Object) -> int:
    """`spec.replicas`; 1 where it is not said."""
    replicas = spec_of(statefulset).get("replicas")
    return 1 if replicas is None else int(replicas)


def ordinals_of(statefulset: Object) -> range:
    """The ordinals that should have a pod (A-53)."""
    start = first_ordinal(statefulset)
    return range(start, start + replicas_of(statefulset))


def is_parallel(statefulset: Object) -> bool:
    """Whether its pods do not wait for each other."""
    return bool(spec_of(statefulset).get("podManagementPolicy") == "Parallel")


def update_type(statefulset: Object) -> str:
    """`spec.updateStrategy.type`; RollingUpdate where it is not said."""
    return str((spec_of(statefulset).get("updateStrategy") or {}).get("type") or "RollingUpdate")


def rolling_update(statefulset: Object) -> dict[str, Any] | None:
    """`spec.updateStrategy.rollingUpdate`; a missing block is not an empty one (A-24, A-25)."""
    return (spec_of(statefulset).get("updateStrategy") or {}).get("rollingUpdate")


def partition_of(statefulset: Object) -> int:
    """How many of the lowest ordinals an update leaves alone (A-23)."""
    return int((rolling_update(statefulset) or {}).get("partition") or 0)


def pod_name(statefulset: Object, ordinal: int) -> str:
    """`web-0`."""
    return f"{name_of(statefulset)}-{ordinal}"


def claim_templates(statefulset: Object) -> list[dict[str, Any]]:
    """`spec.volumeClaimTemplates`."""
    return cast("list[dict[str, Any]]", spec_of(statefulset).get("volumeClaimTemplates") or [])


def claim_name(template: dict[str, Any], statefulset: Object, ordinal: int) -> str:
    """`www-web-0` (A-55)."""
    return f"{name_of(template)}-{name_of(statefulset)}-{ordinal}"


def claim_for(template: dict[str, Any], statefulset: Object, ordinal: int) -> Object:
    """The claim of an ordinal: the template's labels under the selector's matchLabels (A-55)."""
    claim = deepcopy(template)
    metadata = claim.setdefault("metadata", {})
    metadata["name"] = claim_name(template, statefulset, ordinal)
    metadata["namespace"] = namespace_of(statefulset)
    selected = (spec_of(statefulset).get("selector") or {}).get("matchLabels") or {}
    if labels := {**(metadata.get("labels") or {}), **selected}:
        metadata["labels"] = labels
    claim.pop("status", None)
    return {**claim, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}


def pod_for(statefulset: Object, template: dict[str, Any], revision: str, ordinal: int) -> Object:
    """The pod of an ordinal, made from a revision's template (A-45 to A-50)."""
    name = pod_name(statefulset, ordinal)
    given = template.get("metadata") or {}
    metadata: dict[str, Any] = {
        "name": name,
        "generateName": f"{name_of(statefulset)}-",
        "namespace": namespace_of(statefulset),
        "labels": {**(given.get("labels") or {}), **identity_labels(name, ordinal), REVISION: revision},
        "ownerReferences": [owner_reference(statefulset)],
    }
    for field in ("annotations", "finalizers"):
        if given.get(field):
            metadata[field] = deepcopy(given[field])
    spec = deepcopy(template.get("spec") or {})
    spec["hostname"] = name
    if service := spec_of(statefulset).get("serviceName"):
        spec["subdomain"] = service
    else:
        spec.pop("subdomain", None)
    if volumes := _volumes(statefulset, spec, ordinal):
        spec["volumes"] = volumes
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def identity_labels(name: str, ordinal: int) -> dict[str, str]:
    """The labels that say which pod this is (A-46, A-47)."""
    return {POD_NAME: name, POD_INDEX: str(ordinal)}


def _volumes(statefulset: Object, spec: dict[str, Any], ordinal: int) -> list[dict[str, Any]]:
    """Claim volumes first; one shadows the template's volume of the same name (A-50)."""
    claims = [
        {
            "name": name_of(template),
            "persistentVolumeClaim": {"claimName": claim_name(template, statefulset, ordinal)},
        }
        for template in claim_templates(statefulset)
    ]
    names = {volume["name"] for volume in claims}
    return claims + [volume for volume in spec.get("volumes") or [] if volume["name"] not in names]


def identity_matches(statefulset: Object, pod: Object) -> bool:
    """Whether name and pod-name label are what they should be (A-10)."""
    ordinal = ordinal_of(statefulset, pod)
    return ordinal is not None and labels_of(pod).get(POD_NAME) == name_of(pod)


def storage_matches(statefulset: Object, pod: Object) -> bool:
    """Whether the pod's volumes point to the claims of its ordinal (A-10)."""
    ordinal = ordinal_of(statefulset, pod)
    if ordinal is None:
        return False
    volumes = {volume["name"]: volume for volume in spec_of(pod).get("volumes") or []}
    return all(
        ((volumes.get(name_of(template)) or {}).get("persistentVolumeClaim") or {}).get("claimName")
        == claim_name(template, statefulset, ordinal)
        for template in claim_templates(statefulset)
    )


def repaired(statefulset: Object, pod: Object) -> Object:
    """The pod with the labels and volumes that its name stands for (A-10)."""
    ordinal = ordinal_of(statefulset, pod) or 0
    metadata = {**pod["metadata"], "labels": {**labels_of(pod), **identity_labels(name_of(pod), ordinal)}}
    spec = dict(spec_of(pod))
    if not storage_matches(statefulset, pod):
        spec["volumes"] = _volumes(statefulset, spec, ordinal)
    return {**pod, "metadata": metadata, "spec": spec}


def revision_of(pod: Object) -> str:
    """The full name of the revision that the pod was made from (A-45)."""
    return labels_of(pod).get(REVISION, "")
