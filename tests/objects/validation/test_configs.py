from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from minisets.objects.validation import validate, validate_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from minisets.errors import Cause

METADATA = {"name": "settings", "namespace": "default"}
KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', or"
    " 'KEY_NAME', or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"data": {"nginx.conf": "daemon off;"}, "binaryData": {"logo": encoded("x")}}, []),
        ({"data": {"a b": ""}}, [f'data[a b]: Invalid value: "a b": {KEY}']),
        ({"data": {"..": ""}}, ["data[..]: Invalid value: \"..\": must not be '..'"]),
        (
            {"data": {"a": ""}, "binaryData": {"a": ""}},
            ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
        ),
        ({"data": {"a": "x" * 1048577}}, [": Too long: may not be more than 1048576 bytes"]),
        (
            {"binaryData": {"a": "%"}},
            ['binaryData[a]: Invalid value: "<contents redacted>": must be base64 encoded'],
        ),
    ],
)
def test_config_maps_have_sound_keys_and_a_limit(
    said: Callable[[Iterable[Cause]], list[str]], fields: dict[str, Any], expected: list[str]
) -> None:
    assert said(validate("ConfigMap", {"metadata": METADATA, **fields})) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "Opaque", "data": {"password": encoded("x")}}, []),
        ({"data": {"a": encoded("x" * 1048577)}}, ["data: Too long: may not be more than 1048576 bytes"]),
        (
            {"type": "kubernetes.io/tls", "data": {"tls.crt": ""}},
            ["data[tls.key]: Required value"],
        ),
        (
            {"type": "kubernetes.io/basic-auth"},
            ["data[username]: Required value", "data[password]: Required value"],
        ),
        (
            {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": encoded("[")}},
            [
                'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object',
            ],
        ),
        (
            {"type": "kubernetes.io/service-account-token"},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
    ],
)
def test_secrets_hold_what_their_type_asks_for(
    said: Callable[[Iterable[Cause]], list[str]], fields: dict[str, Any], expected: list[str]
) -> None:
    assert said(validate("Secret", {"metadata": METADATA, **fields})) == expected


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_an_immutable_one_stays_as_it_is(said: Callable[[Iterable[Cause]], list[str]], kind: str) -> None:
    old = {"metadata": METADATA, "immutable": True, "data": {"a": encoded("1")}}
    new = {"metadata": METADATA, "data": {"a": encoded("2")}}

    assert said(validate_update(kind, new, old)) == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]
    assert validate_update(kind, {**old, "metadata": {**METADATA, "labels": {"a": "b"}}}, old) == ()


def test_the_type_of_a_secret_stays(said: Callable[[Iterable[Cause]], list[str]]) -> None:
    old = {"metadata": METADATA, "type": "Opaque"}

    assert said(validate_update("Secret", {**old, "type": "example.com/x"}, old)) == [
        'type: Invalid value: "example.com/x": field is immutable',
    ]
