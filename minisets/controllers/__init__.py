"""Controllers: desired against observed, each a level-triggered loop over keys.

Belongs here: what should exist, given what does - pods of statefulsets, bound claims, nodes for pods,
endpoints of Services, what a deletion takes along, the contents of namespaces. Must not: Docker
(`kubelet/`), HTTP (`api/`), what a write means (`registry/`), queues and retries (`loop.py`).

A controller has `name`, `kinds` (whose changes concern it), `keys(change)` (which of its keys a change
concerns) and `reconcile(key)`. It reads from the store, decides in a pure function, and writes through the
registry; nothing is decided from what kind of change it was. `daemon.py` gives each a worker and a follower.

Who does what
- `statefulset/`: pods, claims, revisions of statefulsets.
- `volumes/`: default class, binding, asking the provisioner, release, protection.
- `scheduling/`: pods to nodes.
- `nodes/`: which nodes there are, how they are, what becomes of the pods of those that fail.
- `snapshots/`: snapshots bound to their contents, as external-snapshotter's controller.
- `ephemeral.py`: the claims of pods' ephemeral volumes.
- `budgets.py` (pure) and `disruption.py`: the status of PodDisruptionBudgets.
- `endpoints/`: EndpointSlices, and Endpoints for those who still read them.
- `garbage.py`: owner references, the three ways to propagate a deletion.
- `namespaces.py`: those that always are there, their service account, emptying one that is deleted.
- `keys.py`: keys that carry a kind.

Decisions
- 2026-11-30: `nodes/`, which there was no need for while there was one node. There is still one engine behind
  all of them, so nobody has to notice that a kubelet went silent: that a node is stopped is written on it.
- 2026-11-23: garbage collection and namespaces scan the store for dependents instead of keeping an
  index by uid: on one machine a scan is a millisecond, and it cannot lag behind the store as an index
  fed by a watch can. Rejected: the graph of Kubernetes' garbagecollector.
- 2026-11-25: a budget's status is written only onto the version of the budget that was counted for: an
  eviction spends in one transaction with the deletion, and a count from before it must not give that back.
  For the same reason no pod keeps a DisruptionTarget without being deleted, so nobody here clears stale ones.
"""
