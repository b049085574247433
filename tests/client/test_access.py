"""How to reach a cluster, to and from a kubeconfig."""

import base64

import pytest
import yaml

from minisets.client.access import Access, access_in, kubeconfig, kubeconfig_for, kubeconfig_with
from minisets.errors import MinisetsError

ACCESS = Access("https://127.0.0.1:6443", "-----BEGIN CERTIFICATE-----\n", "secret")


def test_a_kubeconfig_says_what_was_put_in() -> None:
    assert access_in(kubeconfig(ACCESS, "minisets"), "a file") == ACCESS


def test_its_cluster_user_and_context_carry_the_clusters_name() -> None:
    said = yaml.safe_load(kubeconfig(ACCESS, "mine"))
    assert said["current-context"] == "mine"
    assert said["contexts"] == [
        {"name": "mine", "context": {"cluster": "mine", "user": "mine", "namespace": "default"}}
    ]


def test_somebody_elses_has_their_name_and_nothing_of_ones_own() -> None:
    text = kubeconfig_for(ACCESS, "minisets", "ci", "theirs")
    said = yaml.safe_load(text)
    assert said["users"] == [{"name": "ci", "user": {"token": "theirs"}}]
    assert said["contexts"] == [
        {"name": "ci@minisets", "context": {"cluster": "minisets", "user": "ci", "namespace": "default"}}
    ]
    assert said["current-context"] == "ci@minisets"
    assert said["clusters"] == yaml.safe_load(kubeconfig(ACCESS, "minisets"))["clusters"]
    assert ACCESS.token not in text


def test_one_with_a_certificate_has_no_token() -> None:
    text = kubeconfig_with(ACCESS, "minisets", "jane", "CERTIFICATE", "KEY")
    user = yaml.safe_load(text)["users"][0]
    assert user["name"] == "jane"
    assert {key: base64.b64decode(value) for key, value in user["user"].items()} == {
        "client-certificate-data": b"CERTIFICATE",
        "client-key-data": b"KEY",
    }
    assert ACCESS.token not in text


def test_the_address_is_taken_apart() -> None:
    assert ACCESS.address == ("127.0.0.1", 6443)


@pytest.mark.parametrize("text", ["", "a: [", "{}", "clusters: [{cluster: {server: x}}]", "- 1"])
def test_another_text_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(MinisetsError, match="a file is not a kubeconfig of minisets"):
        access_in(text, "a file")
