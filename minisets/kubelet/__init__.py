"""Pods onto the engine: what a kubelet does on a node, on a container engine.

Belongs here: planning a pod (`plan.py`, pure), carrying a plan out (`carry.py`), reporting (`status.py`,
pure), addresses, images, files, probes, the node, and the provisioner of Docker volumes. Must not live here:
which pods there should be (`controllers/`), Docker's own ways (`engine/`).

Decided 2026-11-23:
- A plan holds only what can be done now, and is made anew from what is observed once it was carried out: ids
  of things that do not exist yet appear in no plan, and whatever prefix of it ran, the next one goes on.
- What must survive a kubelet is in the store or in labels: the sandbox that a container joined
  (`dev.minisets.sandbox`), its step of back-off (`dev.minisets.backoff`), its restart count. What may be lost
  (`memory.py`, pulls, probes) is asked for again. Rejected: a checkpoint file beside the store.
- A container is known by pod uid, never by name: an old and a new `web-0` overlap without harm (A-107).
- Stopping never waits: a signal, then the die event or the recheck at the deadline brings the next plan.
- Secrets lie in memory (tmpfs volumes that the sandbox holds), as on a node.
"""
