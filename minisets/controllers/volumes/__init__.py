"""Claims and volumes: which volume a claim gets, whom to ask for one, what becomes of it afterwards.

Belongs here: everything that Kubernetes' pkg/controller/volume/{persistentvolume,pvcprotection,
pvprotection} decides. Must not: Docker volumes (`kubelet/volumes/` makes and removes them, as an
external CSI provisioner would), mounting, which claims there should be (`controllers/statefulset`).

    reconciler.py observes -> claims.py (a claim) or release.py (a volume) -> actions -> reconciler.py applies

A claim:   Pending --bind--> Bound --its volume is gone--> Lost
A volume:  Pending -> Available --bind--> Bound --its claim is gone--> Released (-> removed, if Delete)

`classes.py` makes the default class when a cluster begins. `claims.py`, `release.py`, `matching.py`,
`usage.py` and `actions.py` are pure. Binding is four writes; after any of them a crash leaves a state
from which planning again goes on (claimRef first: it decides who has the volume, and is refused where
somebody else has it by now).

2026-11-23: the provisioner is asked by annotation, although it runs in the same process: a claim looks
as it does on a real cluster, and a foreign provisioner's class waits as it would there.
Rejected: provisioning here (the room would need the engine).
2026-11-29: growing is asked for in the same way: here it is only said (ExternalExpanding), whoever stands for
the volume does it. Read again beside Kubernetes' syncClaim and syncVolume: the default class comes after a
volume without one, a person's claimRef ends all weighing for a claim that names the volume, Recycle fails, a
volume and a claim of different modes are both told. Left: events' source `volume_expand`.
"""
