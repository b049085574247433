"""Acting as somebody else: whom the headers make a request's sender, and what is refused."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from minisets.api.auth import AUTHENTICATED, UNAUTHENTICATED, Identity
from minisets.api.impersonation import impersonated
from minisets.errors import BadRequest, Forbidden
from tests.api.serving import PODS, Client

SELF = Identity("minisets-admin", ("system:masters", AUTHENTICATED))


def acting(*headers: tuple[str, str]) -> Identity:
    return impersonated(SELF, CIMultiDictProxy(CIMultiDict(headers)), "GET", "/api")


def test_without_headers_one_is_oneself() -> None:
    assert acting() is SELF
    assert acting(("Impersonate-User", "")) is SELF


@pytest.mark.parametrize(("name", "groups", "are"), [
    ("jane", (), (AUTHENTICATED,)),
    ("jane", ("b", "a"), ("b", "a", AUTHENTICATED)),
    ("jane", (AUTHENTICATED,), (AUTHENTICATED,)),
    ("system:serviceaccount:team:robot", (),
     ("system:serviceaccounts", "system:serviceaccounts:team", AUTHENTICATED)),
    ("system:serviceaccount:team:robot", ("a",), ("a", AUTHENTICATED)),
    ("system:serviceaccount:team", (), (AUTHENTICATED,)),
])  # fmt: skip
def test_groups_are_those_that_are_named_or_known(
    name: str, groups: tuple[str, ...], are: tuple[str, ...]
) -> None:
    headers = [("Impersonate-User", name), *(("Impersonate-Group", group) for group in groups)]
    assert acting(*headers) == Identity(name, are)


def test_uid_and_extra_are_taken_over() -> None:
    found = acting(
        ("impersonate-user", "jane"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Extra-Scopes", "view"),
        ("Impersonate-Extra-scopes", "edit"),
        ("Impersonate-Extra-Example.com%2fteam", "a"),
    )
    assert (found.name, found.uid) == ("jane", "u-1")
    assert found.extra == (("example.com/team", ("a",)), ("scopes", ("view", "edit")))


@pytest.mark.parametrize("header", ["Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-a"])
def test_groups_of_nobody_are_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="without impersonating a user name"):
        acting((header, "a"))


@pytest.mark.parametrize("headers", [
    [("Impersonate-User", "system:anonymous")],
    [("Impersonate-User", "jane"), ("Impersonate-Group", UNAUTHENTICATED)],
])  # fmt: skip
def test_nobody_acts_as_somebody_who_is_not_let_in(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Forbidden, match=r'forbidden: User ".*" cannot get path "/api"'):
        acting(*headers)


def test_it_is_served_to_who_is_let_in_and_to_nobody_else(client: Client) -> None:
    assert client.ask("GET", PODS, headers={"Impersonate-User": "jane"}).code == 200
    assert client.ask("GET", PODS, headers={"Impersonate-User": "jane"}, token=None).code == 401
    assert client.ask("GET", PODS, headers={"Impersonate-Group": "a"}).code == 400
    assert client.ask("GET", PODS, headers={"Impersonate-User": "system:anonymous"}).code == 403
    assert client.ask("GET", "/version", headers={"Impersonate-User": "system:anonymous"}).code == 200
