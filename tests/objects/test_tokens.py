"""Named tokens as Secrets: what is kept of one, and which Secrets count."""

import base64
import json

import pytest

from minisets.objects import tokens
from minisets.objects.kinds import Object
from minisets.objects.validation.configs import check_secret


def secret(**changes: object) -> Object:
    return {**tokens.secret_for("ci", "the token"), **changes}


def test_the_secret_of_a_token_holds_its_hash_and_nothing_else_of_it() -> None:
    made = secret()
    assert (made["metadata"]["namespace"], made["metadata"]["name"]) == ("kube-system", "token-ci")
    assert "the token" not in json.dumps(made)
    assert base64.b64encode(b"the token").decode() not in json.dumps(made)
    assert made["immutable"]
    assert list(check_secret(made)) == []
    assert tokens.digest_in(made) == tokens.digest_of(b"the token")
    assert tokens.name_in(made) == "ci"


def test_two_tokens_are_never_alike_and_fit_a_header() -> None:
    one, other = tokens.new_token(), tokens.new_token()
    assert one != other
    assert len(base64.urlsafe_b64decode(one + "==")) == 32
    assert one.isascii()
    assert one.isprintable()
    assert " " not in one


@pytest.mark.parametrize("name", ["ci", "a", "0", "x" * 63, "team-a"])
def test_a_dns_label_is_a_name(name: str) -> None:
    assert tokens.complaints(name) == []


@pytest.mark.parametrize("name", ["", "CI", "a.b", "-a", "a_b", "x" * 64, "system:masters", "a/b", "a\n"])
def test_nothing_else_is(name: str) -> None:
    assert tokens.complaints(name)


def test_the_kubeconfigs_own_name_cannot_be_taken() -> None:
    assert tokens.complaints("minisets-admin") == ['"minisets-admin" is the kubeconfig\'s own']


@pytest.mark.parametrize(
    "other",
    [
        secret(type="Opaque"),
        secret(metadata={"namespace": "default", "name": "token-ci"}),
        secret(metadata={"namespace": "kube-system", "name": "ci"}),
        secret(metadata={"namespace": "kube-system", "name": "token-"}),
        secret(metadata={"namespace": "kube-system", "name": "token-a.b"}),
        secret(metadata={"namespace": "kube-system", "name": "token-minisets-admin"}),
        {},
    ],
    ids=["type", "namespace", "no-prefix", "no-name", "dots", "admin", "empty"],
)
def test_a_secret_that_is_not_ours_names_nobody(other: Object) -> None:
    assert tokens.name_in(other) == ""


@pytest.mark.parametrize(
    "data",
    [None, {}, {"sha256": ""}, {"sha256": "AAAA"}, {"sha256": "?"}, {"sha256": 1}, {"sha256": "ä"}],
)
def test_a_secret_without_a_whole_hash_lets_nobody_in(data: object) -> None:
    assert tokens.digest_in(secret(data=data)) is None
