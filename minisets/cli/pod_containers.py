"""Which container of a pod a command means, and in which order pods are told. Pure.

Kubernetes: kubectl pkg/cmd/util/podcmd `FindOrDefaultContainerByName`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from minisets.errors import MinisetsError
from minisets.objects.metadata import annotations_of, name_of, spec_of

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

_DEFAULT = "kubectl.kubernetes.io/default-container"
_SORTS = (("containers", ""), ("ephemeralContainers", " (ephem)"), ("initContainers", " (init)"))
_NUMBER = re.compile(r"(.*?)(\d*)")


def default_container(pod: Object) -> tuple[str, str]:
    """The container that is meant where none is named, and what is to be said of that (or nothing)."""
    every = container_names(pod)
    annotated = annotations_of(pod).get(_DEFAULT, "")
    if annotated in every:
        return annotated, ""
    first = str(spec_of(pod)["containers"][0]["name"])
    if len(every) == 1:
        return first, ""
    listed = ", ".join(one["name"] + kind for sort, kind in _SORTS for one in spec_of(pod).get(sort) or ())
    return first, f'Defaulted container "{first}" out of: {listed}'


def missing_default(pod: Object) -> str:
    """What `logs` says of an annotation that names no container; other commands do not."""
    annotated = annotations_of(pod).get(_DEFAULT, "")
    if not annotated or annotated in container_names(pod):
        return ""
    return f'Default container name "{annotated}" not found in pod {name_of(pod)}'


def container_names(pod: Object) -> list[str]:
    """All of them, in the order in which they start."""
    sorts = ("initContainers", "containers", "ephemeralContainers")
    return [str(one["name"]) for sort in sorts for one in spec_of(pod).get(sort) or ()]


def named_container(pod: Object, container: str) -> str:
    """The container, if the pod has it."""
    if container not in container_names(pod):
        raise MinisetsError(f"container {container} is not valid for pod {name_of(pod)}")
    return container


def by_ordinal(pod: Object) -> tuple[str, int]:
    """A key: `web-2` before `web-10`."""
    found = _NUMBER.fullmatch(name_of(pod))
    return (found[1], int(found[2] or -1)) if found else (name_of(pod), -1)
