"""Pods onto the engine: what the kubelets of all nodes do, on one container engine.

Belongs here: planning a pod (`plan.py`, pure), carrying a plan out (`carry.py`), reporting (`status/`, pure),
addresses, images, files, probes, the nodes, and the provisioner of Docker volumes. Must not live here:
which pods there should be (`controllers/`), Docker's own ways (`engine/`).

The rooms in it: `probes/` (asking containers, hooks included), `volumes/` (what pods mount), `snapshots/`
(copies of claims), `images/` (pulling, logins), `status/` (what is reported), `nodes/` (who is served, who
stands still). Here: the pod's plan and its carrying out, what containers are told.

Decided 2026-11-23:
- A plan holds only what can be done now, and is made anew from what is observed once it was carried out: ids
  of things that do not exist yet appear in no plan, and whatever prefix of it ran, the next one goes on.
- What must survive a kubelet is in the store or in labels: the sandbox that a container joined
  (`dev.minisets.sandbox`), its step of back-off (`dev.minisets.backoff`), its restart count. What may be lost
  (`memory.py`, pulls, probes) is asked for again. Rejected: a checkpoint file beside the store.
- A container is known by pod uid, never by name: an old and a new `web-0` overlap without harm (A-107).
- Stopping never waits: a signal, then the die event or the recheck at the deadline brings the next plan.
- Secrets lie in memory (tmpfs volumes that the sandbox holds), as on a node.

Decided 2026-11-25:
- Hooks run in a lane; how they went is an observation like a probe's. One that sleeps is only a time. A
  postStart is done when the pod's status says that its container runs; a new kubelet runs any other again.
  Rejected: a label (cannot be written later), never running it again (a hook could be lost).
- The grace counts from when the deletion was seen, between what is on record and a second more: stamps are
  cut to seconds. Trap: taken as it is recorded, a grace was up to a second short.
- A command that the engine could not begin (126/127 and "OCI runtime exec failed") is the prober's error.
- Which files a volume shows is the name of the folder that `..data` points at: a new kubelet reads it, and
  writes only what differs. Rejected: a label, a file of hashes.
- The machine is looked at through containers that bind a path and are never started; they carry no pod's
  labels, or their end would wake the pod that made them.
- A part of a volume, below API 1.45, is a bind of where the volume lies. Rejected: a second `local` volume
  (it cannot be a file).
- What a container says at its end lies in a nameless volume of its sandbox, bound file by file. Traps: `/dev`
  is the container's own tmpfs, gone at its end; a volume mount is a folder. Where an engine will not bind,
  the container goes without. Rejected: a named volume a pod (one more to see, one more step in each plan).
- A pod is admitted once, before it has a startTime; one that was refused has none.

Decided 2026-11-29: what binds a path of the machine is refused where that leads to the engine's own; which
paths these are, and how it is found out, stands in `volumes/`.

Decided 2026-11-30: one kubelet serves every node of ours, and tells them apart by the pod's `nodeName` and
the label `dev.minisets.node`. Rejected: one a node (eight event streams and full lists of one engine). The
machine's ports are one for all nodes, and so are its paths. Heartbeats come with the full list every five
minutes, so that the leases say 600 s: nothing runs here only to say that it does. More stands in `nodes/`.

An ephemeral container is made once: whether it was, the engine or the status tells, so that neither a new
kubelet nor a hand that removes it brings it back. Rejected: to ask the engine alone, as Kubernetes does: what
was cleared away starts again there. Whose processes it is to see is found as it is made, like its mounts.
"""
