"""Which changes of a pod's status are worth an event."""

from typing import Any

import pytest

from minisets.kubelet.status.announcing import news
from minisets.objects.kinds import Object
from tests.kubelet.test_plan import good_pod


def waiting(reason: str, message: str = "") -> Object:
    state: dict[str, Any] = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    pod = good_pod()
    pod["status"]["containerStatuses"] = [{"name": "nginx", "state": state}]
    return pod


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("ContainerCreating", []),
        ("ErrImagePull", []),
        ("CrashLoopBackOff", [("Warning", "BackOff")]),
        ("ImagePullBackOff", [("Normal", "BackOff"), ("Warning", "Failed")]),
        ("ErrImageNeverPull", [("Warning", "ErrImageNeverPull"), ("Warning", "Failed")]),
        ("InvalidImageName", [("Warning", "InspectFailed"), ("Warning", "Failed")]),
    ],
)
def test_what_a_container_waits_for_is_told_once(reason: str, expected: list[tuple[str, str]]) -> None:
    """A-102, A-118."""
    found = list(news(waiting(""), waiting(reason, "why")))
    assert [(one.kind, one.reason) for one in found] == expected
    assert {one.field_path for one in found} <= {"spec.containers{nginx}"}
    assert list(news(waiting(reason), waiting(reason, "why"))) == []
