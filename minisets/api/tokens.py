"""Which named tokens there are now: the Secrets that say so, followed through the store.

What they are is `objects/tokens.py`'s; who is let in, `auth.py`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.errors import Expired
from minisets.objects.metadata import is_being_deleted
from minisets.objects.tokens import NAMESPACE, digest_in, name_in
from minisets.store.interface import ChangeType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.objects.kinds import Object
    from minisets.store.interface import Store, Subscription

_KIND = "Secret"


class Tokens:
    """The digest of each named token. For one thread, but for `known`; `on_change` is called from any.

    unlisted --list and watch--> following --Expired--> unlisted; close() ends it.
    """

    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change
        self._subscription: Subscription | None = None
        self._held: dict[str, bytes] = {}
        self._listed()

    def held(self) -> Mapping[str, bytes]:
        """As every write left them whose answer was sent before this call; no write is waited for.

        Why no less: who has revoked a token and reads so must not see it let anybody in again.
        """
        try:
            changes = self._subscription.take() if self._subscription else ()
        except Expired:
            self.close()
            self._listed()
            return self._held
        for change in changes:
            self._take(change.object, is_there=change.type is not ChangeType.DELETED)
        return self._held

    def known(self) -> Mapping[str, bytes]:
        """As `held` last said; from any thread."""
        return dict(self._held)

    def close(self) -> None:
        """Follow no more."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _listed(self) -> None:
        """Everything anew. Tried again where the history was compacted in between."""
        self._held = {}
        while self._subscription is None:
            listing = self._store.list(_KIND, NAMESPACE)
            try:
                self._subscription = self._store.watch(_KIND, listing.version, self._on_change, NAMESPACE)
            except Expired:
                continue
            for secret in listing.items:
                self._take(secret, is_there=True)

    def _take(self, secret: Object, *, is_there: bool) -> None:
        if not (name := name_in(secret)):
            return
        # Kubernetes: a bootstrap token's Secret that is being deleted lets nobody in (`tokengetter`).
        digest = digest_in(secret) if is_there and not is_being_deleted(secret) else None
        if digest is None:
            self._held.pop(name, None)
        else:
            self._held[name] = digest
