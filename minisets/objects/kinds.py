"""Which Kubernetes kinds are served: names, scope, verbs and subresources. Facts only.

Leaves to `api/discovery.py` how they are announced and to `registry/` what a write to one means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as JSON. What the store hands out is shared: copy before you change."""

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, order=True)
class Ref:
    """Which object: kind (`Pod`), namespace (empty for cluster-scoped kinds) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`Pod default/web-0`, or `Node minisets-0`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Subresource:
    """A route below an object: `status`, `scale`, `log`, ...; kind is what travels over it."""

    name: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Kind:
    """One served kind. `title` is what people call it (`StatefulSet`)."""

    title: str
    plural: str
    group: str = ""
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = field(default=())
    verbs: tuple[str, ...] = ALL_VERBS

    @property
    def singular(self) -> str:
        """`statefulset`."""
        return self.title.lower()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """`statefulsets.apps`, or `pods`: how messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def subresource(self, name: str) -> Subresource | None:
        """The subresource of that name, if there is one."""
        return next((sub for sub in self.subresources if sub.name == name), None)


_STATUS = Subresource("status", ("get", "patch", "update"))
_SCALE = Subresource("scale", ("get", "patch", "update"), "autoscaling", "v1", "Scale")
_POD = (
    _STATUS,
    Subresource("log", ("get",)),
    Subresource("exec", ("create", "get"), kind="PodExecOptions"),
    Subresource("binding", ("create",), kind="Binding"),
    Subresource("eviction", ("create",), "policy", "v1", "Eviction"),
)

KINDS: tuple[Kind, ...] = (
    Kind("Namespace", "namespaces", short_names=("ns",), namespaced=False, subresources=(_STATUS,)),
    Kind("Node", "nodes", short_names=("no",), namespaced=False, subresources=(_STATUS,)),
    Kind("Pod", "pods", short_names=("po",), categories=("all",), subresources=_POD),
    Kind("Service", "services", short_names=("svc",), categories=("all",), subresources=(_STATUS,)),
    Kind("Endpoints", "endpoints", short_names=("ep",)),
    Kind("PersistentVolumeClaim", "persistentvolumeclaims", short_names=("pvc",), subresources=(_STATUS,)),
    Kind(
        "PersistentVolume",
        "persistentvolumes",
        short_names=("pv",),
        namespaced=False,
        subresources=(_STATUS,),
    ),
    Kind("ConfigMap", "configmaps", short_names=("cm",)),
    Kind("Secret", "secrets"),
    Kind("ServiceAccount", "serviceaccounts", short_names=("sa",)),
    Kind("Event", "events", short_names=("ev",)),
    Kind(
        "StatefulSet",
        "statefulsets",
        "apps",
        short_names=("sts",),
        categories=("all",),
        subresources=(_STATUS, _SCALE),
    ),
    Kind("ControllerRevision", "controllerrevisions", "apps"),
    Kind("EndpointSlice", "endpointslices", "discovery.k8s.io"),
    Kind(
        "PodDisruptionBudget", "poddisruptionbudgets", "policy", short_names=("pdb",), subresources=(_STATUS,)
    ),
    Kind("StorageClass", "storageclasses", "storage.k8s.io", short_names=("sc",), namespaced=False),
)

_BY_TITLE = {kind.title: kind for kind in KINDS}
_BY_RESOURCE = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_API = {(kind.api_version, kind.title): kind for kind in KINDS}
_BY_WORD = {
    word: kind
    for kind in reversed(KINDS)
    for word in (kind.plural, kind.singular, *kind.short_names, kind.group_resource)
}


def kind_of(title: str) -> Kind:
    """The kind of that title (`Pod`); KeyError for one that is not served."""
    return _BY_TITLE[title]


def served(api_version: str, title: str) -> Kind | None:
    """The kind that a manifest's apiVersion and kind name, or None."""
    return _BY_API.get((api_version, title))


def by_resource(group: str, version: str, plural: str) -> Kind | None:
    """The kind behind a URL's group, version and plural, or None."""
    return _BY_RESOURCE.get((group, version, plural))


def by_word(word: str) -> Kind | None:
    """The kind that a person means by `pods`, `pod`, `po` or `statefulsets.apps`, or None."""
    return _BY_WORD.get(word.lower())


@dataclass(frozen=True)
class Elsewhere:
    """Why a manifest's kind is not served: a mistake (is_error), or something minisets leaves out."""

    message: str
    is_error: bool


# Kinds of Kubernetes itself that real manifests carry and minisets does not serve.
_KUBERNETES = frozenset(
    (
        *(
            "Binding",
            "ComponentStatus",
            "LimitRange",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
        ),
        *("DaemonSet", "Deployment", "ReplicaSet", "CronJob", "Job"),
        "HorizontalPodAutoscaler",
        *("Ingress", "IngressClass", "NetworkPolicy", "IPAddress", "ServiceCIDR"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
        *("CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment", "VolumeAttributesClass"),
        *("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
        *("CustomResourceDefinition", "APIService", "CertificateSigningRequest", "ClusterTrustBundle"),
        *("Lease", "PriorityClass", "RuntimeClass", "FlowSchema", "PriorityLevelConfiguration"),
        *("DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"),
        *("StorageVersionMigration", "PodSecurityPolicy", "Kustomization"),
    )
)
_GROUPS = frozenset(("", "apps", "autoscaling", "batch", "extensions", "policy"))


def elsewhere(api_version: str, title: str) -> Elsewhere:
    """What to say of a kind that `served` does not know."""
    group = api_version.rpartition("/")[0]
    right = _BY_TITLE.get(title)
    if right is not None and (group in _GROUPS or group.endswith("k8s.io")):
        said = f'no kind "{title}" in version "{api_version}": write apiVersion: {right.api_version}'
        return Elsewhere(said, is_error=True)
    if title in _KUBERNETES:
        said = f'kind "{title}" ({api_version}) is Kubernetes\' and not emulated by minisets'
        return Elsewhere(said, is_error=False)
    if group not in _GROUPS and not group.endswith("k8s.io"):
        said = f'kind "{title}" ({api_version}) is a custom resource: minisets runs no operators'
        return Elsewhere(said, is_error=False)
    near = get_close_matches(title, _BY_TITLE, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ": see `minisets get --help` for the kinds served"
    return Elsewhere(f'no kind "{title}" in version "{api_version}"{hint}', is_error=True)
