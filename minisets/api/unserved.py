"""What to say of a path that is not served: what it names, where that is known, and what to do. Pure.

It begins with Kubernetes' own words, by which clients know what happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.api.failures import UNROUTED
from minisets.api.routes import group_version
from minisets.objects.elsewhere import is_left_out, retired_version

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_TOKENS = "minisets issues no tokens of service accounts: use the one in the kubeconfig"


def why(parts: Sequence[str]) -> str:
    """The message of the 404."""
    if (mend := _mend(parts)) is None:
        return UNROUTED
    return f"{UNROUTED} ({mend})"


def _mend(parts: Sequence[str]) -> str | None:
    if (found := group_version(parts)) is None:
        return None
    group, version, rest = found
    spoken = f"{group}/{version}"
    if group and (present := retired_version(spoken)):
        return f"{spoken} is no longer served by Kubernetes: use {present}"
    match rest:
        case ("namespaces", _, "serviceaccounts", _, "token"):
            return _NO_TOKENS
        case ("namespaces", _, plural, *_) | (plural, *_) if is_left_out(group, plural):
            return f"{plural}{'.' + group if group else ''}: Kubernetes', and not emulated by minisets"
    return None
