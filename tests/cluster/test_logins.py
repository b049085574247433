"""Which of a person's logins are handed to the server, and in what form."""

import base64
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from minisets.cluster import logins
from minisets.errors import MinisetsError

HUB = "https://index.docker.io/v1/"


def together(word: str = "sesame") -> str:
    return base64.b64encode(f"me:{word}".encode()).decode()


class Person:
    """A home with a docker configuration in it, and programs on the path."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = {"HOME": str(home)}

    def writes(self, config: Any, folder: str = ".docker") -> None:
        (self.home / folder).mkdir(exist_ok=True)
        text = config if isinstance(config, str) else json.dumps(config)
        (self.home / folder / "config.json").write_text(text)

    def has_helper(self, name: str, script: str) -> None:
        program = self.home / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Person(tmp_path)


def test_only_the_registries_of_the_images_are_looked_up(person: Person) -> None:
    auths = {"r.example.com": {"auth": together()}, "other.example.com": {"auth": together()}}
    person.writes({"auths": auths})
    assert logins.of_person(["r.example.com/a/b:1", "nginx"], person.environ) == {
        "r.example.com": {"auth": together()}
    }


def test_the_hub_is_written_as_docker_writes_it(person: Person) -> None:
    person.writes({"auths": {HUB: {"auth": together()}}})
    assert logins.of_person(["nginx:1.27"], person.environ) == {HUB: {"auth": together()}}


def test_a_helper_is_asked_for_what_is_not_in_the_file(person: Person) -> None:
    person.writes({"credHelpers": {"r.example.com": "mine"}})
    person.has_helper("mine", """echo '{"Username": "me", "Secret": "from:helper"}'""")
    found = logins.of_person(["r.example.com/a"], person.environ)
    assert found == {"r.example.com": {"auth": together("from:helper")}}


def test_a_store_that_has_nothing_of_a_registry_is_no_error(person: Person) -> None:
    person.writes({"credsStore": "empty", "auths": {"r.example.com": {}}})
    person.has_helper("empty", "echo credentials not found in native keychain; exit 1")
    assert logins.of_person(["r.example.com/a"], person.environ) == {}


def test_a_helper_that_fails_is_said(person: Person) -> None:
    person.writes({"credsStore": "broken"})
    person.has_helper("broken", "echo the vault is closed; exit 1")
    with pytest.raises(MinisetsError, match=r"your docker login cannot be read: .*the vault is closed"):
        logins.of_person(["r.example.com/a"], person.environ)


@pytest.mark.parametrize("config", [None, {}, [], "{", {"auths": {}}])
def test_who_has_no_login_hands_none_over(person: Person, config: Any) -> None:
    if config is not None:
        person.writes(config)
    assert logins.of_person(["nginx"], person.environ) == {}


def test_the_configuration_may_lie_elsewhere(person: Person) -> None:
    person.writes({"auths": {"r.example.com": {"auth": together()}}}, "elsewhere")
    environ = {**person.environ, "DOCKER_CONFIG": str(person.home / "elsewhere")}
    assert logins.of_person(["r.example.com/a"], environ) == {"r.example.com": {"auth": together()}}


def test_images_are_those_of_pods_and_of_templates() -> None:
    pod = {"spec": {"containers": [{"image": "a"}], "initContainers": [{"image": "b"}]}}
    objects: list[Any] = [{**pod, "kind": "Pod"}, {"kind": "StatefulSet", "spec": {"template": pod}}]
    objects += [{"kind": "ConfigMap", "data": {}}, {"kind": "Service", "spec": {"ports": []}}]
    objects += [{"kind": "Deployment", "spec": ["skipped"]}, {"kind": "Job", "spec": {"template": pod}}]
    assert list(logins.images_of(objects)) == ["b", "a", "b", "a"]


def test_what_the_server_has_of_other_registries_stays() -> None:
    held = json.dumps({"auths": {"a": {"auth": "1"}, "b": {"auth": "2"}}}).encode()
    found = {"b": {"auth": "3"}}
    assert logins.merged(held, found) == {"a": {"auth": "1"}, "b": {"auth": "3"}}
    assert logins.merged(b"{", found) == logins.merged(None, found) == found


def test_the_file_is_for_its_owner_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(logins.archive("config.json", {"a": {"auth": "1"}}))) as tar:
        (member,) = tar.getmembers()
        file = tar.extractfile(member)
        assert file is not None
        assert json.load(file) == {"auths": {"a": {"auth": "1"}}}
    assert (member.name, member.mode, member.uid) == ("config.json", 0o600, 0)
