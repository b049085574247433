import base64
import json
from typing import Any

import pytest

from minisets.engine.specs import Login
from minisets.kubelet.images.logins import logins_for
from minisets.objects.kinds import Object

HUB = "https://index.docker.io/v1/"


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def secret(**servers: dict[str, str]) -> Object:
    """As `kubectl create secret docker-registry` makes it."""
    content = encoded({"auths": servers})
    return {
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": content},
    }


def users(image: str, *servers: str) -> list[str]:
    """Who is tried for the image, where each server has a user of its name."""
    held = {server: {"username": server, "password": "x"} for server in servers}
    return [login.username for login in logins_for(image, [secret(**held)])]


@pytest.mark.parametrize(
    ("image", "servers", "tried"),
    [
        ("r.example.com/a/b:1", ["r.example.com"], ["r.example.com"]),
        ("r.example.com/a/b:1", ["https://r.example.com/v2/"], ["https://r.example.com/v2/"]),
        ("r.example.com/a/b", ["other.example.com"], []),
        ("r.example.com:5000/a/b", ["r.example.com"], []),
        ("r.example.com:5000/a/b@sha256:0", ["r.example.com:5000"], ["r.example.com:5000"]),
        ("r.example.com/a/b", ["*.example.com"], ["*.example.com"]),
        ("deep.r.example.com/a/b", ["*.example.com"], []),
        ("r.io/a/b", ["r.io", "r.io/a", "r.io/c"], ["r.io/a", "r.io"]),
        ("nginx", [HUB], [HUB]),
        ("nginx:1.27", ["docker.io"], ["docker.io"]),
        ("docker.io/library/nginx", [HUB, "docker.io/other"], [HUB]),
        ("localhost/x", [HUB], []),
    ],
)
def test_the_longest_name_that_fits_is_tried_first(image: str, servers: list[str], tried: list[str]) -> None:
    """Kubernetes: credentialprovider keyring.go, keyring_test.go."""
    assert users(image, *servers) == tried


def test_a_login_may_be_in_one_word_or_in_an_old_secret() -> None:
    together = base64.b64encode(b"me:pass:word").decode()
    old = {"r.example.com": {"auth": together}}
    held = {"kind": "Secret", "type": "kubernetes.io/dockercfg", "data": {".dockercfg": encoded(old)}}
    assert logins_for("r.example.com/a", [held]) == (Login("r.example.com", "me", "pass:word"),)


def test_the_pods_secrets_are_tried_before_the_nodes_own() -> None:
    auth = base64.b64encode(b"node:x").decode()
    of_node = json.dumps({"auths": {"r.example.com/a": {"auth": auth}}}).encode()
    held = secret(**{"r.example.com": {"username": "pod", "password": "x"}})
    assert [login.username for login in logins_for("r.example.com/a", [held], of_node)] == ["pod", "node"]


@pytest.mark.parametrize("content", ["", "[]", '"x"', "{", '{"auths": {"r.example.com": {"auth": "%"}}}'])
def test_what_nobody_can_read_is_nobodys_login(content: str) -> None:
    data = {".dockerconfigjson": base64.b64encode(content.encode()).decode()}
    held = {"kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "data": data}
    assert logins_for("r.example.com/a", [held]) == ()


def test_a_password_is_in_no_text() -> None:
    assert "sesame" not in repr(Login("r.example.com", "me", "sesame"))
