"""Scheduling: which node a pod gets, and what is said on a pod that gets none.

    pod + snapshot -> filters (which nodes it may have) -> scores (which of them is best) -> Place
                          none of them -> preemption (whom it may drive away) -> Preempt | Refuse

Belongs here: Kubernetes' filters, scores and preemption as pure functions over a snapshot of the cluster,
and the controller that keeps the snapshot and carries decisions out. Must not: making nodes
(`controllers/nodes`), whether a node takes a pod that was given to it (`kubelet/admission.py`), binding
claims (`controllers/volumes`).

Who does what
- `snapshot.py`: nodes with what their pods have taken, kept up to date by single changes; `groups.py`: how
  many of them are of a kind.
- `filters.py`: the plugins in Kubernetes' order (`refusal.py`: what a plugin is); one module a family:
  `nodes.py`, `resources.py`, `volumes.py`, `spread.py`, `interpod.py` with `terms.py`.
- `sentences.py`: what is said on a pod that no node takes.
- `scores.py` with `scores_spread.py` and `scores_interpod.py`; `preemption.py`; `decide.py` joins them.
- `cache.py`: the snapshot kept up to date, and whom a change may help; `reconciler.py`: the controller.

Decisions
- 2026-11-30: one thread decides for one pod after the other, on a snapshot in memory that each decision is
  put into at once, as upstream's assume does. Rejected: reading nodes and pods from the store for each pod,
  which walks all of them every time.
- 2026-11-30: a pod whose claims wait for its node is held there from the moment when it is chosen, in memory,
  as upstream's assume does; the volumes that were chosen for them are reserved in the store. Rejected: both
  in memory, as the volume controller chooses for itself what nobody reserved, and a restart would forget it.
"""
