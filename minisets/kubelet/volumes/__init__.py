"""What pods mount: volumes of their own, claims' volumes, paths of the machine, and parts of all of these.

Belongs here: what stands behind a volume, what is in it and whose it is, and the provisioner of claims'
Docker volumes. Must not: when to write or mount (`plan.py`), which volume a claim gets
(`controllers/volumes`).

    a pod's      mounts.py  what stands behind each (pure)      mounting.py   makes, fills and owns them
                 files.py   configMap, secret, ... (pure)       subpaths.py   a part, and that it stays inside
                 remote.py  storage elsewhere (pure)
    one node's   exclusive.py  which are, what is said (pure)   attached.py   which node has them
    the machine  host_paths.py  looks at it                     links.py      where a path leads (pure)
    claims'      provisioner.py    when, and what is said       claim_volumes.py  found, or made and filled
                 classes.py        what a class asks for (pure) persistent.py     the PV of a claim (pure)
                 holders.py        keep memory mounted          reclaiming.py     held or removed
                 resizing.py       claims that ask for more

2026-11-25: what a laptop has not (rbd, iscsi, another csi driver) is a Docker volume, one for each image and
cluster, told by a label; no claim's, so that no claim's end takes it. A PersistentVolume's own `readOnly`
counts where upstream's plugin reads it, and else its claim's. A csi volume of ours with `volumeAttributes`
(`driver`, and that driver's options) is made where it is missing; one without is not made again empty.
2026-11-25: A volume that is not ours is mounted only for the PV whose annotation `minisets.dev/adopted`
names it, and never one that any minisets labelled. Rejected: copying it (twice the space), relabelling (no
engine can).
2026-11-29: No path of the machine is mounted, not even read-only or by a subPath, that is, lies in or
contains the engine's data, a socket of its own or our state: by hostPath, local volume, or a Docker volume's
options. So `/` and `/var` are not (a node exporter can have `/proc`, `/sys`, `/etc`), nor what leads through
a process in /proc. Links are followed one by one in a container that binds `/` and is never started.
Rejected: binding each folder on the way (fails in Docker Desktop's shared ones), where the engine says that a
link leads (it looks from inside), remembering (a link can change), mountinfo of a started container (300 ms
more a pod). Not known: a disk mounted at two places, a block device that holds the data.
2026-11-29: a class's parameters are a volume driver and its options, the same for every claim: Docker's own
takes only what lies elsewhere or in memory, for a folder of the machine would be all claims' one. A list of
what may be, since `overlay` and any disk's type reach the machine too. Another driver's options are not known
here (`objects/exposure.py` names its paths). mountOptions join `o` where Docker mounts something, else the
claim is refused, as by the in-tree provisioners: an event and a retry; its class, made anew, wakes the claim.
2026-11-29: claims in memory (`minisets.dev/tmpfs`, or `type: tmpfs`) have a holder from their making to their
end. Rejected: a marker file to tell lost contents (an empty claim is empty), restart policies (the engine
starts such holders before anyone can say what was lost), growing by a remount (wants a privileged container).
Lost is what no sandbox has had mounted since before its holder ended. A tmpfs' pages are charged to whoever
writes them first (tried: one limited to 24 MiB is killed on its way to 64): give it a limit above its disk.
2026-11-30: half a copy that an earlier claim left is given to a claim of the same snapshot, which fills it
anew, and to no other. Rejected: recovering it (looks whole), removing it (the only trace of a restore).
2026-11-30: which node has a claim that is for one is known by the sandboxes on the engine, and in memory from
when a pod may begin until it has one: a kubelet that is killed in between has begun nothing. A pod that waits
is told once and woken by what lets go: a sandbox that is removed, a pod that went or ended, a node that is
given up. The engine is asked once, and each time from when another node had a pod: those of a plain cluster
wait for no call more. Rejected: asking where there are several Nodes (what ran on one that was deleted runs
on), VolumeAttachments (nobody would read them), asking again every few seconds.
"""
