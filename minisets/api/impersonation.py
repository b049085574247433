"""Acting as somebody else (`kubectl --as`): whom a request's Impersonate- headers make its sender. Pure.

Served, as system:masters may in Kubernetes; since there is no RBAC, whom one acts as takes no right away but
all of them: nobody who is not authenticated is answered.
Kubernetes: apiserver pkg/endpoints/filters/impersonation `processImpersonationHeaders`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from minisets.api.auth import AUTHENTICATED, Identity, all_groups
from minisets.errors import BadRequest, Forbidden

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

_USER, _UID, _GROUP, _EXTRA = (f"Impersonate-{what}" for what in ("User", "Uid", "Group", "Extra-"))
_ACCOUNT = re.compile("system:serviceaccount:([^:]+):([^:]+)")


def impersonated(identity: Identity, headers: CIMultiDictProxy[str], method: str, path: str) -> Identity:
    """Who the sender is to be taken for: themselves, where no header says otherwise.

    BadRequest for groups, uid or extra of nobody; Forbidden for somebody who is not authenticated.
    """
    name, uid, groups = headers.get(_USER, ""), headers.get(_UID, ""), tuple(headers.getall(_GROUP, ()))
    extra: dict[str, tuple[str, ...]] = {}
    for key, value in headers.items():
        if key.lower().startswith(_EXTRA.lower()):
            what = unquote(key[len(_EXTRA) :].lower())
            extra[what] = (*extra.get(what, ()), value)
    if not name:
        if uid or groups or extra:
            raise BadRequest("requested uid, groups or extra without impersonating a user name")
        return identity
    meant = Identity(name, _groups_of(name, groups), uid, tuple(sorted(extra.items())))
    if AUTHENTICATED not in meant.groups:
        raise Forbidden(f'forbidden: User "{name}" cannot {method.lower()} path "{path}"')
    return meant


def _groups_of(name: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Kubernetes: a service account's are known."""
    if not given and (account := _ACCOUNT.fullmatch(name)):
        given = ("system:serviceaccounts", f"system:serviceaccounts:{account[1]}")
    return all_groups(name, given)
