"""The room of defaults: what Kubernetes writes into an object that leaves a field out. Pure.

Belongs here: everything of upstream's defaults.go for the served kinds, a Secret's stringData, and
the few fields that upstream's strategies fill in from the object alone. Must not: what needs a clock,
another object or an allocator (uid, addresses, default class, service account: `registry/`), and the
canonical form of quantities and empty structs (`objects/canonical.py`).

2026-11-23: defaults are written into stored objects, not applied when reading: revision hashes, patches
and clients must all see the same object. Rejected: deriving them from the schema, which has few of them.
2026-11-23: a field that is absent, null or Go's zero value (`""`, `0`) counts as left out where
upstream's struct cannot tell them apart. Differs: one address family, so a headless Service without a
selector is SingleStack IPv4 too.
2026-11-23: `maxUnavailable: 1` is written, as 1.37 does since its gate is on.
"""

from minisets.objects.defaulting.kinds import with_defaults
from minisets.objects.defaulting.qos import qos_class

__all__ = ["qos_class", "with_defaults"]
