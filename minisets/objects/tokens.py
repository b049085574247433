"""Named tokens as Secrets: who has one stands in kube-system, and what it is stands nowhere.

A Secret `token-NAME` of our type holds the SHA-256 of the token; making one lets NAME in, deleting it ends
that. Leaves comparing to `api/auth.py`, and what a person types to `cli/token.py`. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import TYPE_CHECKING

from minisets.objects import names
from minisets.objects.kinds import Ref

if TYPE_CHECKING:
    from minisets.objects.kinds import Object

ADMIN = "minisets-admin"
"""Who the bearer of the kubeconfig's own token is; it lies with the server's keys and cannot be revoked."""

NAMESPACE = "kube-system"
TYPE = "minisets.dev/token"
_PREFIX = "token-"
_KEY = "sha256"


def new_token() -> str:
    """256 random bits, as text that a header can carry."""
    return secrets.token_urlsafe(32)


def digest_of(token: bytes) -> bytes:
    """What is kept of a token.

    Why neither salt nor rounds: they make guessing dear, and nobody guesses 256 random bits; so a request
    costs one hash, however many tokens there are.
    """
    return hashlib.sha256(token).digest()


def complaints(name: str) -> list[str]:
    """What is wrong with a token's name; it becomes the user's."""
    return names.dns_label(name) or ([f'"{ADMIN}" is the kubeconfig\'s own'] if name == ADMIN else [])


def secret_name(name: str) -> str:
    """What the Secret of a token is called."""
    return _PREFIX + name


def ref_of_token(name: str) -> Ref:
    """Where the token of that name stands."""
    return Ref("Secret", NAMESPACE, secret_name(name))


def secret_for(name: str, token: str) -> Object:
    """The Secret that lets the token's bearer in as NAME."""
    held = base64.b64encode(digest_of(token.encode())).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": secret_name(name), "namespace": NAMESPACE},
        "type": TYPE,
        "immutable": True,
        "data": {_KEY: held},
    }


def name_in(secret: Object) -> str:
    """Whose token a Secret of kube-system holds; empty where it is none of ours, or not sound."""
    metadata = secret.get("metadata") or {}
    whole = str(metadata.get("name") or "")
    name = whole.removeprefix(_PREFIX)
    is_ours = secret.get("type") == TYPE and metadata.get("namespace") == NAMESPACE
    return name if is_ours and whole == secret_name(name) and not complaints(name) else ""


def digest_in(secret: Object) -> bytes | None:
    """The SHA-256 that such a Secret holds, or None where it holds none."""
    try:
        held = base64.b64decode((secret.get("data") or {}).get(_KEY, ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None
    return held if len(held) == hashlib.sha256().digest_size else None
