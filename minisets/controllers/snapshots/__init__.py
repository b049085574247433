"""Snapshots and their contents, as external-snapshotter's snapshot-controller binds them.

Belongs here: the class of a snapshot that names none, its content, the two bound, what the content's status
means for the snapshot, the order of their going. Must not: copying, and what is in a copy
(`kubelet/snapshots/`, as the sidecar beside a CSI driver).

    snapshot -> class -> content -> (the snapshotter: status of the content) -> status of the snapshot
    snapshot deleted -> content deleted, if its policy is Delete -> (the snapshotter: data) -> snapshot gone

    plan.py  the next steps (pure)    reconciler.py  observing, and one registry call a step

2026-11-29: the kinds are served, so that kubectl and clients that know snapshots work; groups are a label of
ours. Rejected: VolumeGroupSnapshot (three more kinds, and beta). Differs: a claim that is being copied is not
held by a finalizer; its Docker volume cannot go while the copying mounts it.
"""
