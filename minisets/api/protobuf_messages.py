"""The messages of kinds that kubectl and controllers send in protobuf, beyond those of every day. Facts only.

Notation: `protobuf.py`. Kubernetes: generated.proto of each group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_META = {1: ("metadata", "@ObjectMeta")}
_BINDING = {**_META, 2: ("subjects", "[]@Subject"), 3: ("roleRef", "@RoleRef")}
_ABOUT = {
    1: ("resourceAttributes", "@ResourceAttributes"),
    2: ("nonResourceAttributes", "@NonResourceAttributes"),
}
_REVIEW = {**_META, 2: ("spec", "@SubjectAccessReviewSpec")}

ACCESS: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "Role": {**_META, 2: ("rules", "[]@PolicyRule")},
    "ClusterRole": {**_META, 2: ("rules", "[]@PolicyRule"), 3: ("aggregationRule", "@AggregationRule")},
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "AggregationRule": {1: ("clusterRoleSelectors", "[]@LabelSelector")},
    "PolicyRule": {
        1: ("verbs", "[]text"),
        2: ("apiGroups", "[]text"),
        3: ("resources", "[]text"),
        4: ("resourceNames", "[]text"),
        5: ("nonResourceURLs", "[]text"),
    },
    "Subject": {1: ("kind", "text"), 2: ("apiGroup", "text"), 3: ("name", "text"), 4: ("namespace", "text")},
    "RoleRef": {1: ("apiGroup", "text"), 2: ("kind", "text"), 3: ("name", "text")},
    "SelfSubjectAccessReview": {**_META, 2: ("spec", "@SelfSubjectAccessReviewSpec")},
    "SelfSubjectAccessReviewSpec": _ABOUT,
    "SubjectAccessReview": _REVIEW,
    "LocalSubjectAccessReview": _REVIEW,
    "SubjectAccessReviewSpec": {
        **_ABOUT,
        3: ("user", "text"),
        4: ("groups", "[]text"),
        6: ("uid", "text"),
    },
    "ResourceAttributes": {
        1: ("namespace", "text"),
        2: ("verb", "text"),
        3: ("group", "text"),
        4: ("version", "text"),
        5: ("resource", "text"),
        6: ("subresource", "text"),
        7: ("name", "text"),
    },
    "NonResourceAttributes": {1: ("path", "text"), 2: ("verb", "text")},
    "SelfSubjectRulesReview": {**_META, 2: ("spec", "@SelfSubjectRulesReviewSpec")},
    "SelfSubjectRulesReviewSpec": {1: ("namespace", "text")},
    "SelfSubjectReview": _META,
    "TokenReview": {**_META, 2: ("spec", "@TokenReviewSpec")},
    "TokenReviewSpec": {1: ("token", "text"), 2: ("audiences", "[]text")},
}

KEPT: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "HorizontalPodAutoscaler": {**_META, 2: ("spec", "@HorizontalPodAutoscalerSpec.v1")},
    "HorizontalPodAutoscalerSpec.v1": {
        1: ("scaleTargetRef", "@CrossVersionObjectReference"),
        2: ("minReplicas", "int pointer"),
        3: ("maxReplicas", "int"),
        4: ("targetCPUUtilizationPercentage", "int pointer"),
    },
    "HorizontalPodAutoscaler.v2": {**_META, 2: ("spec", "@HorizontalPodAutoscalerSpec.v2")},
    "HorizontalPodAutoscalerSpec.v2": {
        1: ("scaleTargetRef", "@CrossVersionObjectReference"),
        2: ("minReplicas", "int pointer"),
        3: ("maxReplicas", "int"),
        4: ("metrics", "[]@MetricSpec"),
        5: ("behavior", "@HorizontalPodAutoscalerBehavior"),
    },
    "CrossVersionObjectReference": {1: ("kind", "text"), 2: ("name", "text"), 3: ("apiVersion", "text")},
    "HorizontalPodAutoscalerBehavior": {
        1: ("scaleUp", "@HPAScalingRules"),
        2: ("scaleDown", "@HPAScalingRules"),
    },
    "HPAScalingRules": {
        1: ("selectPolicy", "text"),
        2: ("policies", "[]@HPAScalingPolicy"),
        3: ("stabilizationWindowSeconds", "int pointer"),
        4: ("tolerance", "quantity"),
    },
    "HPAScalingPolicy": {1: ("type", "text"), 2: ("value", "int"), 3: ("periodSeconds", "int")},
    "MetricSpec": {
        1: ("type", "text"),
        2: ("object", "@ObjectMetricSource"),
        3: ("pods", "@PodsMetricSource"),
        4: ("resource", "@ResourceMetricSource"),
        5: ("external", "@PodsMetricSource"),
        7: ("containerResource", "@ContainerResourceMetricSource"),
    },
    "ObjectMetricSource": {
        1: ("describedObject", "@CrossVersionObjectReference"),
        2: ("target", "@MetricTarget"),
        3: ("metric", "@MetricIdentifier"),
    },
    "PodsMetricSource": {1: ("metric", "@MetricIdentifier"), 2: ("target", "@MetricTarget")},
    "ResourceMetricSource": {1: ("name", "text"), 2: ("target", "@MetricTarget")},
    "ContainerResourceMetricSource": {
        1: ("name", "text"),
        2: ("target", "@MetricTarget"),
        3: ("container", "text"),
    },
    "MetricIdentifier": {1: ("name", "text"), 2: ("selector", "@LabelSelector")},
    "MetricTarget": {
        1: ("type", "text"),
        2: ("value", "quantity"),
        3: ("averageValue", "quantity"),
        4: ("averageUtilization", "int pointer"),
    },
    "ResourceQuota": {**_META, 2: ("spec", "@ResourceQuotaSpec")},
    "ResourceQuotaSpec": {
        1: ("hard", "{}quantity"),
        2: ("scopes", "[]text"),
        3: ("scopeSelector", "@ScopeSelector"),
    },
    "ScopeSelector": {1: ("matchExpressions", "[]@ScopedResourceSelectorRequirement")},
    "ScopedResourceSelectorRequirement": {
        1: ("scopeName", "text"),
        2: ("operator", "text"),
        3: ("values", "[]text"),
    },
    "PriorityClass": {
        **_META,
        2: ("value", "int"),
        3: ("globalDefault", "bool"),
        4: ("description", "text"),
        5: ("preemptionPolicy", "text"),
    },
    "Lease": {**_META, 2: ("spec", "@LeaseSpec")},
    "LeaseSpec": {
        1: ("holderIdentity", "text pointer"),
        2: ("leaseDurationSeconds", "int pointer"),
        3: ("acquireTime", "micro-time"),
        4: ("renewTime", "micro-time"),
        5: ("leaseTransitions", "int pointer"),
        6: ("strategy", "text"),
        7: ("preferredHolder", "text"),
    },
    "Event": {
        **_META,
        2: ("involvedObject", "@ObjectReference"),
        3: ("reason", "text"),
        4: ("message", "text"),
        5: ("source", "@EventSource"),
        6: ("firstTimestamp", "time"),
        7: ("lastTimestamp", "time"),
        8: ("count", "int"),
        9: ("type", "text"),
        10: ("eventTime", "micro-time"),
        11: ("series", "@EventSeries"),
        12: ("action", "text"),
        13: ("related", "@ObjectReference"),
        14: ("reportingComponent", "text"),
        15: ("reportingInstance", "text"),
    },
    "Event.events.k8s.io": {
        **_META,
        2: ("eventTime", "micro-time"),
        3: ("series", "@EventSeries"),
        4: ("reportingController", "text"),
        5: ("reportingInstance", "text"),
        6: ("action", "text"),
        7: ("reason", "text"),
        8: ("regarding", "@ObjectReference"),
        9: ("related", "@ObjectReference"),
        10: ("note", "text"),
        11: ("type", "text"),
        12: ("deprecatedSource", "@EventSource"),
        13: ("deprecatedFirstTimestamp", "time"),
        14: ("deprecatedLastTimestamp", "time"),
        15: ("deprecatedCount", "int"),
    },
    "EventSource": {1: ("component", "text"), 2: ("host", "text")},
    "EventSeries": {1: ("count", "int"), 2: ("lastObservedTime", "micro-time")},
}

BODIES = (
    *("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ResourceQuota", "PriorityClass", "Lease"),
    *("SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview", "SelfSubjectRulesReview"),
    *("SelfSubjectReview", "TokenReview", "HorizontalPodAutoscaler", "Event"),
)
"""The kinds above that may be a body of their own."""

OF_VERSIONS = {
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "HorizontalPodAutoscaler.v2",
    ("events.k8s.io/v1", "Event"): "Event.events.k8s.io",
}
"""Where a kind's message is not the one that is called as the kind."""
