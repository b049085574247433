"""The StatefulSet controller: which pods and claims a statefulset should have, and what to do next.

Belongs here: everything that Kubernetes' pkg/controller/statefulset decides.
Must not: Docker, HTTP, a clock (the moment comes in with the snapshot), writes outside `reconciler.py`.
Elsewhere: whether a pod runs (`kubelet/`), which volume a claim gets (`controllers/volumes`),
what happens to what a deleted statefulset leaves behind (`controllers/garbage.py`).

    observe.py -> Observed -> plan.py -> Plan -> reconciler.py -> registry

`observe` reads one snapshot; `plan` is pure, total and deterministic; `reconciler` carries a plan out,
one registry call an action. What the planner thinks with, all pure: `members.py` (whose pods),
`identity.py` (names, labels, claims), `revisions.py` (history and hash), `rollout.py` (which revision,
which pods an update replaces), `claims.py` and `retention.py` (claims and their owners), `status.py`
(counts). `explain/` tells a plan to a person.

2026-11-23: Decisions read JSON through small named functions instead of typed structs from a models
package. Stored objects are canonical already, a revision must be byte-equal to what is stored, and a
parse into structs and back would drop the fields that it does not know.

2026-11-25: A plan is batches of groups, not a list: of a parallel statefulset every pod of a batch is tried,
and the first batch with a failure is the last (A-5). Rejected: going on past any failure (upstream does not).
2026-11-25: What holds a plan up is a value (`Wait`: which object, why, what it holds), so that `explain` and
the log say the same.
2026-11-25: One pod is left alone that upstream 1.37 deletes: `rollout.py`, `Differs:`. A claim that a
statefulset waits for (A-63) does not wake it when it goes, as upstream's watches no claims.
"""
