"""Which Kubernetes kinds are served: names, scope, verbs and subresources. Facts only.

Leaves to `api/discovery.py` how they are announced and to `registry/` what a write to one means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """One served kind. `title` is what people call it (`StatefulSet`).

    is_converted: another version of a kind that is stored in the form that `kind_of(title)` has.
    """

    title: str
    plural: str
    group: str = ""
    version: str = "v1"
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = field(default=())
    verbs: tuple[str, ...] = ALL_VERBS
    is_converted: bool = False

    @property
    def schema(self) -> str:
        """Under which name `schema.type_for` knows it: `Event`, or `Event.v1.events.k8s.io`."""
        return f"{self.title}.{self.version}.{self.group}" if self.is_converted else self.title

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


SNAPSHOTS = "snapshot.storage.k8s.io"
"""The group that Kubernetes has as custom resources, of kubernetes-csi/external-snapshotter."""

_STATUS = Subresource("status", ("get", "patch", "update"))
_SCALE = Subresource("scale", ("get", "patch", "update"), "autoscaling", "v1", "Scale")
_POD = (
    _STATUS,
    Subresource("log", ("get",)),
    Subresource("exec", ("create", "get"), kind="PodExecOptions"),
    Subresource("attach", ("create", "get"), kind="PodAttachOptions"),
    Subresource("portforward", ("create", "get"), kind="PodPortForwardOptions"),
    Subresource("binding", ("create",), kind="Binding"),
    Subresource("eviction", ("create",), "policy", "v1", "Eviction"),
    Subresource("ephemeralcontainers", ("get", "patch", "update")),
)
RBAC = "rbac.authorization.k8s.io"
_CREATE = ("create",)
_READ = ("get", "list")

KINDS: tuple[Kind, ...] = (
    Kind(
        "Namespace",
        "namespaces",
        short_names=("ns",),
        namespaced=False,
        subresources=(_STATUS, Subresource("finalize", ("update",))),
    ),
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
    Kind("LimitRange", "limitranges", short_names=("limits",)),
    Kind("ResourceQuota", "resourcequotas", short_names=("quota",), subresources=(_STATUS,)),
    Kind("Lease", "leases", "coordination.k8s.io"),
    Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io", short_names=("netpol",)),
    Kind("PriorityClass", "priorityclasses", "scheduling.k8s.io", short_names=("pc",), namespaced=False),
    Kind("Role", "roles", RBAC),
    Kind("RoleBinding", "rolebindings", RBAC),
    Kind("ClusterRole", "clusterroles", RBAC, namespaced=False),
    Kind("ClusterRoleBinding", "clusterrolebindings", RBAC, namespaced=False),
    Kind(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "autoscaling",
        "v2",
        short_names=("hpa",),
        categories=("all",),
        subresources=(_STATUS,),
    ),
    Kind("VolumeSnapshot", "volumesnapshots", SNAPSHOTS, short_names=("vs",), subresources=(_STATUS,)),
    Kind(
        "VolumeSnapshotContent",
        "volumesnapshotcontents",
        SNAPSHOTS,
        short_names=("vsc", "vscs"),
        namespaced=False,
        subresources=(_STATUS,),
    ),
    Kind(
        "VolumeSnapshotClass",
        "volumesnapshotclasses",
        SNAPSHOTS,
        short_names=("vsclass", "vsclasses"),
        namespaced=False,
    ),
)
"""What is stored, each in the version in which it is."""

CONVERTED: tuple[Kind, ...] = (
    Kind("Event", "events", "events.k8s.io", short_names=("ev",), is_converted=True),
    Kind(
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        "autoscaling",
        "v1",
        short_names=("hpa",),
        categories=("all",),
        subresources=(_STATUS,),
        is_converted=True,
    ),
)
"""Other versions of what is stored: the same objects, as `conversion.py` says them."""

ANSWERED: tuple[Kind, ...] = (
    Kind("LocalSubjectAccessReview", "localsubjectaccessreviews", "authorization.k8s.io", verbs=_CREATE),
    *(
        Kind(title, f"{title.lower()}s", group, namespaced=False, verbs=_CREATE)
        for title, group in (
            ("SelfSubjectAccessReview", "authorization.k8s.io"),
            ("SelfSubjectRulesReview", "authorization.k8s.io"),
            ("SubjectAccessReview", "authorization.k8s.io"),
            ("SelfSubjectReview", "authentication.k8s.io"),
            ("TokenReview", "authentication.k8s.io"),
        )
    ),
    Kind("NodeMetrics", "nodes", "metrics.k8s.io", "v1beta1", namespaced=False, verbs=_READ),
    Kind("PodMetrics", "pods", "metrics.k8s.io", "v1beta1", verbs=_READ),
)
"""What is asked and answered, and never stored."""

SERVED = (*KINDS, *CONVERTED, *ANSWERED)

_BY_TITLE = {kind.title: kind for kind in KINDS}
_BY_RESOURCE = {(kind.group, kind.version, kind.plural): kind for kind in SERVED}
_BY_API = {(kind.api_version, kind.title): kind for kind in (*KINDS, *CONVERTED)}
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


def is_answered(title: str) -> bool:
    """Whether a kind of that title is asked and answered, and never stored."""
    return any(kind.title == title for kind in ANSWERED)


def by_resource(group: str, version: str, plural: str) -> Kind | None:
    """The kind behind a URL's group, version and plural, or None."""
    return _BY_RESOURCE.get((group, version, plural))


def by_word(word: str) -> Kind | None:
    """The kind that a person means by `pods`, `pod`, `po` or `statefulsets.apps`, or None."""
    return _BY_WORD.get(word.lower())
