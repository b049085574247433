"""Which container of a pod a command means, and in which order pods are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minisets.cli.pod_containers import (
    by_ordinal,
    container_names,
    default_container,
    missing_default,
    named_container,
)
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from minisets.objects.kinds import Object


def pod(name: str = "web-0") -> Object:
    spec = {
        "initContainers": [{"name": "init"}],
        "containers": [{"name": "nginx"}, {"name": "side"}],
        "ephemeralContainers": [{"name": "debug"}],
    }
    return {"kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_the_first_container_is_meant_and_that_is_said() -> None:
    said = 'Defaulted container "nginx" out of: nginx, side, debug (ephem), init (init)'
    assert default_container(pod()) == ("nginx", said)
    single = pod()
    single["spec"] = {"containers": [{"name": "nginx"}]}
    assert default_container(single) == ("nginx", "")


def test_an_annotation_says_which_container_is_meant() -> None:
    held = pod()
    held["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "side"}
    assert default_container(held) == ("side", "")
    held["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "gone"}
    assert default_container(held)[0] == "nginx"
    assert missing_default(held) == 'Default container name "gone" not found in pod web-0'
    assert missing_default(pod()) == ""


def test_containers_come_in_the_order_of_their_start() -> None:
    assert container_names(pod()) == ["init", "nginx", "side", "debug"]
    assert named_container(pod(), "debug") == "debug"
    with pytest.raises(MinisetsError, match=r"^container no is not valid for pod web-0$"):
        named_container(pod(), "no")


def test_pods_are_in_the_order_of_their_ordinals() -> None:
    names = ["web-10", "web-2", "alone", "web-0"]
    ordered = sorted((pod(name) for name in names), key=by_ordinal)
    assert [held["metadata"]["name"] for held in ordered] == ["alone", "web-0", "web-2", "web-10"]
