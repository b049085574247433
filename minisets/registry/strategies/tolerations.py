"""How long a pod stays on a node that is lost, where it does not say so itself: five minutes.

Leaves who is moved away to `controllers/nodes/eviction.py`.
Kubernetes: plugin/pkg/admission/defaulttolerationseconds Plugin.Admit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minisets.objects.metadata import spec_of
from minisets.objects.taints import NOT_READY, UNREACHABLE, tolerations_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_SECONDS = 300
_NO_EXECUTE = "NoExecute"


def tolerate_lost_nodes(pod: Object) -> None:
    """Write down what a new pod does not say of the two taints of a lost node."""
    for key in (NOT_READY, UNREACHABLE):
        if not _says(pod, key):
            _add(
                pod,
                {"key": key, "operator": "Exists", "effect": _NO_EXECUTE, "tolerationSeconds": _SECONDS},
            )


def keep_tolerations(new: Object, old: Object) -> None:
    """An update that leaves them out does not take them away; one of before there were any gets none."""
    for key in (NOT_READY, UNREACHABLE):
        if not _says(new, key):
            for toleration in tolerations_of(old):
                if toleration.get("key") == key and toleration.get("effect") == _NO_EXECUTE:
                    _add(new, toleration)


def _says(pod: Object, key: str) -> bool:
    """Whatever its operator and its value are."""
    return any(
        (one.get("key") or key) == key and (one.get("effect") or _NO_EXECUTE) == _NO_EXECUTE
        for one in tolerations_of(pod)
    )


def _add(pod: Object, toleration: dict[str, Any]) -> None:
    pod["spec"]["tolerations"] = [*(spec_of(pod).get("tolerations") or ()), toleration]
