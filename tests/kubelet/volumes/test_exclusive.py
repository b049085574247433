from typing import Any

import pytest

from minisets.kubelet.volumes.exclusive import is_exclusive, multi_attach_error
from minisets.objects.kinds import Object


def _volume(*modes: str, **source: Any) -> Object:
    behind = source or {"csi": {"driver": "docker.minisets.dev", "volumeHandle": "www-web-0"}}
    return {"metadata": {"name": "pvc-1"}, "spec": {"accessModes": list(modes), **behind}}


@pytest.mark.parametrize(
    ("volume", "is_for_one"),
    [
        (_volume("ReadWriteOnce"), True),
        (_volume("ReadWriteOncePod"), True),
        (_volume("ReadWriteOnce", "ReadWriteMany"), False),
        (_volume("ReadWriteOnce", "ReadOnlyMany"), False),
        (_volume(), False),
        (_volume("ReadWriteOnce", rbd={"image": "a", "monitors": ["m"]}), True),
        (_volume("ReadWriteOnce", nfs={"server": "s", "path": "/"}), False),
        (_volume("ReadWriteOnce", hostPath={"path": "/srv"}), False),
        (_volume("ReadWriteOnce", local={"path": "/srv"}), False),
    ],
)
def test_a_volume_is_for_one_node_if_none_of_its_modes_is_for_many(
    volume: Object, *, is_for_one: bool
) -> None:
    """Kubernetes: IsMultiAttachAllowed; what is not attached at all is never refused."""
    assert is_exclusive(volume) is is_for_one


def _pod(name: str, namespace: str = "default") -> Object:
    return {"metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("users", "why"),
    [
        ([], "Volume is already exclusively attached to one node and can't be attached to another"),
        ([_pod("web-0")], "Volume is already used by pod(s) web-0"),
        (
            [_pod("b"), _pod("a"), _pod("c", "other")],
            "Volume is already used by pod(s) a, b and 1 pod(s) in different namespaces",
        ),
        ([_pod("c", "other")], "Volume is already used by 1 pod(s) in different namespaces"),
    ],
)
def test_who_waits_is_told_in_upstreams_words_and_no_secrets_of_other_namespaces(
    users: list[Object], why: str
) -> None:
    """Kubernetes: reportMultiAttachError."""
    said = multi_attach_error(_volume("ReadWriteOnce"), _pod("web-1"), users)
    assert said == f'Multi-Attach error for volume "pvc-1" {why}'
