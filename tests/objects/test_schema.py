import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from minisets.objects.descriptions import descriptions
from minisets.objects.kinds import KINDS, Kind
from minisets.objects.schema import Field, Type, type_for, type_named, type_of, types

ROOT = Path(__file__).resolve().parents[2]


def test_regenerating_the_facts_gives_the_same_bytes() -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "schema_facts.py"], capture_output=True, check=True, timeout=60
    )
    stored = (ROOT / "minisets" / "objects" / "schema.json").read_bytes()
    assert made.stdout == stored, "run scripts/schema"


def test_regenerating_the_descriptions_gives_the_same() -> None:
    made = subprocess.run(
        [sys.executable, ROOT / "scripts" / "schema_facts.py", "--descriptions"],
        capture_output=True,
        check=True,
        timeout=60,
    )
    stored = (ROOT / "minisets" / "objects" / "descriptions.json.gz").read_bytes()
    assert made.stdout == gzip.decompress(stored), "run scripts/schema"


def test_nearly_every_field_is_described() -> None:
    said = descriptions()
    silent = {
        f"{name}.{one}" for name, known in types().items() for one in known.fields if one not in said[name]
    }
    assert {name for name in silent if not name.startswith("SELinuxOptions")} == set()
    assert said["StatefulSetUpdateStrategy"]["type"].startswith("Type indicates the type of")
    assert said["Time"][""].startswith("Time is a wrapper")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_every_served_kind_has_a_type_of_its_group_and_version(kind: Kind) -> None:
    found = type_for(kind.title)
    assert (found.group, found.version, found.kind) == (kind.group, kind.version, kind.title)


@pytest.mark.parametrize("title", ["Scale", "Eviction", "DeleteOptions", "PodDisruptionBudget"])
def test_what_travels_over_subresources_has_a_type_too(title: str) -> None:
    assert type_for(title).title == title


def test_a_kind_that_is_not_served_has_no_type() -> None:
    with pytest.raises(KeyError):
        type_for("Deployment")


def test_merge_keys_and_list_kinds_are_kubernetes_own() -> None:
    containers = type_named("PodSpec").fields["containers"]
    assert (containers.merge_key, containers.list_map_keys) == ("name", ("name",))
    assert containers.strategies == {"merge"}
    assert type_named("PodSpec").fields["volumes"].strategies == {"merge", "retainKeys"}
    assert type_named("ServiceSpec").fields["ports"].merge_key == "port"
    assert type_named("StatefulSetSpec").fields["volumeClaimTemplates"].merge_key == ""


def test_special_scalars_are_known_by_their_format() -> None:
    assert type_named("ServicePort").fields["targetPort"].format == "int-or-string"
    assert type_named("EmptyDirVolumeSource").fields["sizeLimit"].format == "quantity"
    assert type_named("Secret").fields["data"].items == Field("", "string", format="byte")
    assert type_named("ObjectMeta").fields["creationTimestamp"].format == "date-time"
    assert type_named("ControllerRevision").fields["data"].type == "any"


def test_a_name_that_two_groups_share_is_told_apart() -> None:
    core, discovery = type_named("EndpointPort"), type_named("discovery.EndpointPort")
    assert core.long_name == "io.k8s.api.core.v1.EndpointPort"
    assert discovery.long_name == "io.k8s.api.discovery.v1.EndpointPort"


def test_every_reference_leads_to_a_type() -> None:
    def referred(known: Type) -> set[str]:
        fields = [*known.fields.values()]
        fields += [field.items for field in fields if field.items]
        return {found.name for field in fields if (found := type_of(field))}

    assert set().union(*(referred(known) for known in types().values())) <= set(types())
