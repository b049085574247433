"""The StatefulSet controller: which pods and claims a statefulset should have, and what to do next.

Belongs here: everything that Kubernetes' pkg/controller/statefulset decides.
Must not: Docker, HTTP, a clock (the moment comes in with the snapshot), writes outside `reconciler.py`.
Elsewhere: whether a pod runs (`kubelet/`), which volume a claim gets (`controllers/volumes`),
what happens to what a deleted statefulset leaves behind (`controllers/garbage.py`).

    observe.py -> Observed -> plan.py -> Plan -> reconciler.py -> registry

`observe` reads one snapshot; `plan` is pure, total and deterministic; `reconciler` carries a plan out,
one registry call an action. `identity.py` (names, labels, claims), `revisions.py` (history and hash),
`retention.py` (claims' owners), `status.py` (counts) are what the planner thinks with.

2026-11-23: Decisions read JSON through small named functions instead of typed structs from a models
package. Stored objects are canonical already, a revision must be byte-equal to what is stored, and a
parse into structs and back would drop the fields that it does not know.
"""
