"""What pods mount: volumes of their own, claims' volumes, paths of the machine, and parts of all of these.

Belongs here: what stands behind a volume, what is in it and whose it is, and the provisioner of claims'
Docker volumes. Must not: when to write or mount (`plan.py`), which volume a claim gets
(`controllers/volumes`).

    mounts.py       what stands behind each volume (pure)    mounting.py     makes them, fills them, owns them
    files.py        configMap, secret, ... as files (pure)   subpaths.py     a part, and that it stays inside
    host_paths.py   looks at the machine                     provisioner.py  claims' volumes, made and deleted
    remote.py       storage elsewhere, as Docker volumes (pure)

2026-11-25: what a laptop has not (rbd, iscsi, another csi driver) is a Docker volume, one for each image and
cluster, told by a label; no claim's, so that no claim's end takes it. A PersistentVolume's own `readOnly`
counts where upstream's plugin reads it, and else its claim's. A csi volume of ours with `volumeAttributes`
(`driver`, and that driver's options) is made where it is missing; one without is not made again empty.
2026-11-25: A volume that is not ours is mounted only for the PV whose annotation `minisets.dev/adopted`
names it, and never one that any minisets labelled. Rejected: copying it (twice the space), relabelling (no
engine can).
"""
