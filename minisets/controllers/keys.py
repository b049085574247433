"""Keys of controllers that look after several kinds: `Pod default/web-0`, `PersistentVolume data`."""

from __future__ import annotations

from minisets.objects.kinds import Ref


def key_for(ref: Ref) -> str:
    """The key of an object, its kind included."""
    return str(ref)


def ref_from(key: str) -> Ref:
    """The object that a key of `key_for` means."""
    kind, _, rest = key.partition(" ")
    namespace, slash, name = rest.rpartition("/")
    return Ref(kind, namespace if slash else "", name)
