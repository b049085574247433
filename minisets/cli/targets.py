"""Which objects a command is about: `sts/web`, `statefulset web db`, `sts -l app=web`, `sts`.

Decides how words on the command line name objects. Kubernetes: cli-runtime pkg/resource builder.go
`ResourceTypeOrNameArgs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minisets.cli.reading import kinds_named
from minisets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.objects.kinds import Kind


@dataclass(frozen=True)
class Target:
    """One kind and one name; an empty name: all of that kind."""

    kind: Kind
    name: str


def targets(words: Sequence[str]) -> list[Target]:
    """What the words name, in their order; UsageError where they name nothing, or two things at once."""
    if not words:
        raise UsageError("required resource not specified")
    if any("/" in word for word in words):
        return [_pair(word) for word in words]
    kinds, names = kinds_named(words[0]), words[1:] or ("",)
    return [Target(kind, name) for kind in kinds for name in names]


def _pair(word: str) -> Target:
    what, slash, name = word.partition("/")
    if not slash:
        raise UsageError(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            "resource/name form (e.g. 'minisets get resource/<resource_name>' instead of "
            "'minisets get resource resource/<resource_name>')"
        )
    if "/" in name:
        raise UsageError("arguments in resource/name form may not have more than one slash")
    if not what or not name:
        raise UsageError("arguments in resource/name form must have a single resource and name")
    return Target(kinds_named(what)[0], name)
