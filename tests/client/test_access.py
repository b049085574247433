"""How to reach a cluster, to and from a kubeconfig."""

import pytest
import yaml

from minisets.client.access import Access, access_in, kubeconfig
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


def test_the_address_is_taken_apart() -> None:
    assert ACCESS.address == ("127.0.0.1", 6443)


@pytest.mark.parametrize("text", ["", "a: [", "{}", "clusters: [{cluster: {server: x}}]", "- 1"])
def test_another_text_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(MinisetsError, match="a file is not a kubeconfig of minisets"):
        access_in(text, "a file")
