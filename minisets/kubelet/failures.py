"""Why a container or a volume cannot be made yet, with the waiting reason that Kubernetes shows for it."""

from __future__ import annotations

from minisets.errors import MinisetsError


class NotYet(MinisetsError):
    """Something that the pod refers to is missing or cannot be done; it is tried again when that changes.

    reason: `CreateContainerConfigError`, `FailedMount`, ...
    """

    def __init__(self, message: str, reason: str = "CreateContainerConfigError") -> None:
        super().__init__(message)
        self.reason = reason
