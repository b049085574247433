"""What things are called on the engine: for people. Injective; the truth is in the labels (`labels.py`).

    [<cluster>_<namespace>_]<pod>[_c_<name> | _i_<name> | _e_<name> | _sandbox][__restart-<n>][__<attempt>]
    [<cluster>_<namespace>_]<claim>[__<attempt>]        [<cluster>_<namespace>_]<pod>_v_<volume>[__<attempt>]
    [<cluster>_<namespace>_]<snapshot>_snapshot[__<attempt>]
    <cluster>__<kind>-<words>__h<hash>                  (storage that lies elsewhere)
    <a claim's volume>_holder[__<attempt>]              (what keeps a volume in memory mounted)

The prefix is left out in cluster `minisets`, namespace `default`. Leaves to callers which attempt is free.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from minisets.errors import UsageError
from minisets.settings import DEFAULT_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Iterable

Role = Literal["default", "container", "init", "ephemeral", "sandbox"]

IMAGES = "minisets.local/"
"""What the names of images that we make begin with: no registry has them."""

_MARKS: dict[Role, str] = {"container": "c", "init": "i", "ephemeral": "e"}
_VOLUME_MARK = "v"
_RESERVED = {*_MARKS.values(), _VOLUME_MARK}
_CLUSTER = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
# Why: a volume is a directory, and a file's name has at most 255 bytes.
_LONGEST = 200
_KEPT = 150
_WORDS_KEPT = 60


def check_cluster_name(cluster: str) -> None:
    """Raise UsageError for a cluster's name that could not stand in names and labels."""
    if not _CLUSTER.fullmatch(cluster):
        raise UsageError(
            f"{cluster!r} cannot be a cluster's name: use up to 40 lower-case letters, digits and '-', "
            "beginning and ending with a letter or digit"
        )


def container_name(
    cluster: str,
    namespace: str,
    pod: str,
    container: str = "",
    *,
    role: Role = "default",
    attempt: int = 0,
    restart: int | None = None,
) -> str:
    """The name of a pod's container; `container` says nothing for the roles `default` and `sandbox`.

    attempt: 0, then 1, 2, ... while the name is taken. restart: set for a container that was superseded
    and is kept for `logs --previous`; the restart count that it had.
    """
    match role:
        case "default":
            tail = ""
        case "sandbox":
            tail = "_sandbox"
        case _:
            tail = f"_{_MARKS[role]}_{container}"
    kept = "" if restart is None else f"__restart-{restart}"
    return _fitted(f"{_prefix(cluster, namespace)}{pod}{tail}{kept}", attempt)


def volume_name(cluster: str, namespace: str, claim: str, attempt: int = 0) -> str:
    """The name of a claim's volume; attempts count up while the name is taken by something else."""
    return _fitted(f"{_prefix(cluster, namespace)}{claim}", attempt)


def pod_volume_name(cluster: str, namespace: str, pod: str, volume: str, attempt: int = 0) -> str:
    """The name of a volume that lives and dies with one pod (emptyDir, configMap, ...)."""
    return _fitted(f"{_prefix(cluster, namespace)}{pod}_{_VOLUME_MARK}_{volume}", attempt)


def holder_name(volume: str, attempt: int = 0) -> str:
    """The name of the container that keeps a claim's volume in memory mounted."""
    return _fitted(f"{volume}_holder", attempt)


def snapshot_volume_name(cluster: str, namespace: str, snapshot: str, attempt: int = 0) -> str:
    """The name of the volume with a snapshot's copy."""
    return _fitted(f"{_prefix(cluster, namespace)}{snapshot}_snapshot", attempt)


def remote_volume_name(cluster: str, words: Iterable[str], identity: str) -> str:
    """The name of the volume that stands for an image elsewhere: its words are for people, the hash tells."""
    check_cluster_name(cluster)
    plain = re.sub(r"[^a-zA-Z0-9.]+", "-", "-".join(words)).strip("-.")[:_WORDS_KEPT]
    return f"{cluster}__{plain}__h{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def _prefix(cluster: str, namespace: str) -> str:
    """Why the dot: `a_c_b` is container b of pod a; cluster a, namespace c, pod b reads `a_c._b`.

    No namespace ends with a dot, so nothing else reads so.
    """
    check_cluster_name(cluster)
    if (cluster, namespace) == (DEFAULT_CLUSTER, "default"):
        return ""
    return f"{cluster}_{namespace}{'.' if namespace in _RESERVED else ''}_"


def _fitted(plain: str, attempt: int) -> str:
    """The name as Docker takes it: two characters at least, and no longer than a file's name.

    No Kubernetes name is empty or has `_`, so what follows `__` can be nothing but an addition of ours.
    """
    if len(plain) > _LONGEST:
        plain = f"{plain[:_KEPT]}__h{hashlib.sha256(plain.encode()).hexdigest()[:32]}"
    # Why the second half: Docker takes no name of one character.
    return f"{plain}__{attempt}" if attempt or len(plain) == 1 else plain
