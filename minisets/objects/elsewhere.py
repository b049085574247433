"""What to say of a kind or version that is not served: a mistake, or something minisets leaves out. Pure.

Decides which versions Kubernetes itself serves no more, and what has to change besides the version.
Leaves to `cli/` whether a notice is an error there. Kubernetes: the Deprecated API Migration Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from minisets.objects.kinds import KINDS, is_answered

_BY_TITLE = {kind.title: kind for kind in KINDS}

# Kinds of Kubernetes itself that real manifests carry and minisets does not serve.
_KUBERNETES = frozenset(
    (
        *("Binding", "ComponentStatus", "PodTemplate", "ReplicationController"),
        *("DaemonSet", "Deployment", "ReplicaSet", "CronJob", "Job"),
        *("Ingress", "IngressClass", "IPAddress", "ServiceCIDR"),
        *("CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment", "VolumeAttributesClass"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
        *("CustomResourceDefinition", "APIService", "CertificateSigningRequest", "ClusterTrustBundle"),
        *("LeaseCandidate", "RuntimeClass", "FlowSchema", "PriorityLevelConfiguration"),
        *("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"),
        *("StorageVersionMigration", "PodSecurityPolicy", "Kustomization"),
    )
)
_GROUPS = frozenset(
    (
        *("", "apps", "autoscaling", "batch", "extensions", "policy"),
        *(
            f"{name}.k8s.io"
            for name in (
                *("admissionregistration", "apiextensions", "apiregistration", "authentication"),
                *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "metrics"),
                *("internal.apiserver", "networking", "node", "authorization", "rbac.authorization"),
                *("resource", "scheduling", "storage", "storagemigration", "snapshot.storage"),
            )
        ),
    )
)
"""Kubernetes' own, and the two whose kinds come with most clusters; all others are custom resources."""

_PLURALS = {
    f"{title[:-1]}ies" if title.endswith("y") else f"{title}es" if title.endswith("s") else f"{title}s"
    for title in map(str.lower, _KUBERNETES)
}

_WORKLOADS = "spec.selector is required and must match the template's labels"
_INGRESS = (
    "spec.backend is spec.defaultBackend; a backend is service.name and service.port; pathType is required"
)
_WEBHOOKS = "sideEffects and admissionReviewVersions are required"

# apiVersion -> (kinds, the present apiVersion, what else has to change).
_RETIRED: dict[str, tuple[tuple[frozenset[str], str, str], ...]] = {
    version: tuple((frozenset(kinds.split()), present, change) for kinds, present, change in rows)
    for version, rows in {
        "extensions/v1beta1": (
            ("DaemonSet Deployment ReplicaSet", "apps/v1", _WORKLOADS),
            ("NetworkPolicy", "networking.k8s.io/v1", ""),
            ("Ingress", "networking.k8s.io/v1", _INGRESS),
        ),
        "apps/v1beta1": (
            ("StatefulSet", "apps/v1", f"{_WORKLOADS}; spec.updateStrategy.type is RollingUpdate by default"),
            ("Deployment", "apps/v1", f"{_WORKLOADS}; spec.rollbackTo is no more"),
            ("ControllerRevision", "apps/v1", ""),
        ),
        "apps/v1beta2": (("StatefulSet DaemonSet Deployment ReplicaSet ControllerRevision", "apps/v1", ""),),
        "batch/v1beta1": (("CronJob", "batch/v1", ""),),
        "batch/v2alpha1": (("CronJob", "batch/v1", ""),),
        "policy/v1beta1": (
            (
                "PodDisruptionBudget",
                "policy/v1",
                "an empty spec.selector ({}) means every pod, no longer none",
            ),
        ),
        "autoscaling/v2beta1": (
            (
                "HorizontalPodAutoscaler",
                "autoscaling/v2",
                "a metric's targetAverageUtilization is target: {type: Utilization, averageUtilization: ...}",
            ),
        ),
        "autoscaling/v2beta2": (("HorizontalPodAutoscaler", "autoscaling/v2", ""),),
        **dict.fromkeys(
            ("rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1"),
            (("Role RoleBinding ClusterRole ClusterRoleBinding", "rbac.authorization.k8s.io/v1", ""),),
        ),
        "networking.k8s.io/v1beta1": (
            ("Ingress", "networking.k8s.io/v1", _INGRESS),
            ("IngressClass", "networking.k8s.io/v1", ""),
        ),
        **dict.fromkeys(
            ("scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1alpha1"),
            (("PriorityClass", "scheduling.k8s.io/v1", ""),),
        ),
        "coordination.k8s.io/v1beta1": (("Lease", "coordination.k8s.io/v1", ""),),
        "storage.k8s.io/v1beta1": (
            ("StorageClass CSIDriver CSINode CSIStorageCapacity VolumeAttachment", "storage.k8s.io/v1", ""),
        ),
        "discovery.k8s.io/v1beta1": (
            (
                "EndpointSlice",
                "discovery.k8s.io/v1",
                "an endpoint's topology is nodeName, zone and deprecatedTopology",
            ),
        ),
        "events.k8s.io/v1beta1": (("Event", "events.k8s.io/v1", "type must be Normal or Warning"),),
        "apiextensions.k8s.io/v1beta1": (
            ("CustomResourceDefinition", "apiextensions.k8s.io/v1", "each of spec.versions has its schema"),
        ),
        "admissionregistration.k8s.io/v1beta1": (
            (
                "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
                "admissionregistration.k8s.io/v1",
                _WEBHOOKS,
            ),
        ),
        "apiregistration.k8s.io/v1beta1": (("APIService", "apiregistration.k8s.io/v1", ""),),
        "certificates.k8s.io/v1beta1": (
            ("CertificateSigningRequest", "certificates.k8s.io/v1", "spec.signerName is required"),
        ),
        "node.k8s.io/v1beta1": (("RuntimeClass", "node.k8s.io/v1", ""),),
        "authentication.k8s.io/v1beta1": (("TokenReview SelfSubjectReview", "authentication.k8s.io/v1", ""),),
        "authorization.k8s.io/v1beta1": (
            (
                "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview LocalSubjectAccessReview",
                "authorization.k8s.io/v1",
                "spec.group is spec.groups",
            ),
        ),
    }.items()
}


@dataclass(frozen=True)
class Elsewhere:
    """Why a manifest's kind is not served: a mistake (is_error), or something minisets leaves out.

    field: which of the two fields that name a kind is at fault.
    """

    message: str
    is_error: bool
    field: str = "kind"


def elsewhere(api_version: str, title: str) -> Elsewhere:
    """What to say of a kind that `kinds.served` does not know."""
    if (mend := retired(api_version, title)) is not None:
        return Elsewhere(
            f'no kind "{title}" in version "{api_version}": {mend}', is_error=True, field="apiVersion"
        )
    group = api_version.rpartition("/")[0]
    right = _BY_TITLE.get(title)
    if right is not None and group in _GROUPS:
        said = f'no kind "{title}" in version "{api_version}": write apiVersion: {right.api_version}'
        return Elsewhere(said, is_error=True, field="apiVersion")
    if title in _KUBERNETES:
        said = f'kind "{title}" ({api_version}) is Kubernetes\' and not emulated by minisets'
        return Elsewhere(said, is_error=False)
    if is_answered(title):
        said = f'kind "{title}" ({api_version}) is a question and is not kept: use `kubectl create -f`'
        return Elsewhere(said, is_error=False)
    if group not in _GROUPS:
        said = f'kind "{title}" ({api_version}) is a custom resource: minisets runs no operators'
        return Elsewhere(said, is_error=False)
    near = get_close_matches(title, _BY_TITLE, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ": see `minisets get --help` for the kinds served"
    return Elsewhere(f'no kind "{title}" in version "{api_version}"{hint}', is_error=True)


def retired(api_version: str, title: str) -> str | None:
    """How to write a kind whose version Kubernetes serves no more; None for any other."""
    for titles, present, change in _RETIRED.get(api_version, ()):
        if title in titles:
            besides = f"; besides, {change}" if change else ""
            return f"Kubernetes serves it no more, write apiVersion: {present}{besides}"
    return None


def is_left_out(group: str, plural: str) -> bool:
    """Whether Kubernetes has a resource of that name (`deployments`) that minisets does not serve."""
    return group in _GROUPS and plural in _PLURALS


def retired_version(api_version: str) -> str:
    """The versions that took the place of one that Kubernetes serves no more; empty for any other."""
    return " or ".join(sorted({present for _, present, _ in _RETIRED.get(api_version, ())}))
