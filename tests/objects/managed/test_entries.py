from typing import Any

import pytest

from minisets.objects.managed.entries import Managed, Manager, cap, decoded, encoded, read
from tests.objects.managed.world import fields

ENTRY: dict[str, Any] = {
    "manager": "kubectl",
    "operation": "Update",
    "apiVersion": "apps/v1",
    "time": "2026-11-29T12:00:00Z",
    "fieldsType": "FieldsV1",
    "fieldsV1": fields("spec/replicas"),
}


def test_entries_are_read_and_written_as_they_stand() -> None:
    other = {**ENTRY, "operation": "Apply"}
    status = {**ENTRY, "subresource": "status", "time": "2026-11-29T12:00:01Z"}
    assert encoded(decoded([status, ENTRY, other], "apps/v1"), "apps/v1") == [other, ENTRY, status]


def test_an_entry_of_another_version_is_stale_and_goes() -> None:
    assert decoded([{**ENTRY, "apiVersion": "apps/v1beta1"}], "apps/v1").fields == {}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"operation": "Guess"}, "operation"),
        ({"apiVersion": ""}, "apiVersion"),
        ({"fieldsType": "FieldsV2"}, "fieldsType"),
        ({"fieldsV1": {"spec": {}}}, "missing colon"),
        ({"fieldsV1": [1]}, "object of objects"),
        ({"fieldsV1": {"v:" + "[" * 100_000: {}}}, "exceeded max depth"),
        ({"manager": "m" * 129}, "longer than 128"),
    ],
)
def test_what_a_client_wrote_is_read_whole_or_not_at_all(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read([ENTRY, {**ENTRY, **wrong}], "apps/v1")


def test_the_oldest_updaters_become_one_and_appliers_never() -> None:
    managed = Managed()
    for count in range(14):
        for operation in ("Apply", "Update"):
            manager = Manager(f"m{count:02}", operation)
            managed.hold(manager, fields(f"data/{count}"))
            managed.times[manager] = f"{count:02}"
    cap(managed)
    updaters = [manager.name for manager in managed.fields if manager.operation == "Update"]
    assert sorted(updaters) == ["ancient-changes", *(f"m{count:02}" for count in range(5, 14))]
    bucket = Manager("ancient-changes", "Update")
    assert managed.fields[bucket] == fields(*(f"data/{count}" for count in range(5)))
    assert managed.times[bucket] == "04"
    assert sum(manager.operation == "Apply" for manager in managed.fields) == 14
    before = managed.copy()
    cap(managed)
    assert managed == before
