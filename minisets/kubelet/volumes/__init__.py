"""What pods mount: volumes of their own, claims' volumes, paths of the machine, and parts of all of these.

Belongs here: what stands behind a volume, what is in it and whose it is, and the provisioner of claims'
Docker volumes. Must not: when to write or mount (`plan.py`), which volume a claim gets
(`controllers/volumes`).

    mounts.py       what stands behind each volume (pure)    mounting.py     makes them, fills them, owns them
    files.py        configMap, secret, ... as files (pure)   subpaths.py     a part, and that it stays inside
    host_paths.py   looks at the machine                     provisioner.py  claims' volumes, made and deleted
    links.py        where a path leads (pure)
    remote.py       storage elsewhere, as Docker volumes (pure)
    classes.py      what a class asks for (pure)             persistent.py   the PV of a claim (pure)
    holders.py      keep what is in memory mounted           resizing.py     claims that ask for more

2026-11-25: what a laptop has not (rbd, iscsi, another csi driver) is a Docker volume, one for each image and
cluster, told by a label; no claim's, so that no claim's end takes it. A PersistentVolume's own `readOnly`
counts where upstream's plugin reads it, and else its claim's. A csi volume of ours with `volumeAttributes`
(`driver`, and that driver's options) is made where it is missing; one without is not made again empty.
2026-11-25: A volume that is not ours is mounted only for the PV whose annotation `minisets.dev/adopted`
names it, and never one that any minisets labelled. Rejected: copying it (twice the space), relabelling (no
engine can).
2026-11-29: No path of the machine is mounted that is, lies in or contains the engine's data, a socket of its
own or our state; a hostPath, a local volume, or what a Docker volume's options name. Also not read-only (a
copy of the state has everybody's Secrets), and not by a subPath (the sandbox or the engine sees the whole).
So `/` and `/var` are refused too, which a node exporter would like to have: it can be given `/proc`, `/sys`,
`/etc`. Refused, too, is what leads through a process in /proc: its links do not say where they lead.
Links are followed component by component in a container that binds `/`, read-only, and is never started: what
`read_link` says is taken word for word. Rejected: to bind each folder on the way (as many mounts, and a link
is not seen in its own folder's bind; below Docker Desktop's shared folders it fails); where the engine says
that a link leads (it looks from inside the container: wrong for absolute links and for `..` after one);
remembering (a link can change); /proc/self/mountinfo of a started container (300 ms more a pod).
What cannot be known: a disk that is mounted at two places, a block device that holds the data.
2026-11-29: a class's parameters are a volume driver and its options, the same for every claim. Docker's own
driver takes only what lies elsewhere or in memory: a path or device of the machine would be one folder for
all claims, so that the claim is refused (a list of what may be: `overlay` and any disk's type reach the
machine, too). What another driver makes of its options is not known here: `objects/exposure.py` names its
paths. mountOptions join `o` where Docker mounts something; else the claim is refused, as by the in-tree
provisioners. A refusal is an event and a retry, never an exception; its class, made anew, wakes the claim.
2026-11-29: claims in memory (`minisets.dev/tmpfs`, or a class with `type: tmpfs`) have a holder from their
making to their end. Rejected: a marker file inside to tell lost contents (an empty claim is empty), holders
with a restart policy (the engine starts them before anyone can say what was lost), a remount by an exec to
grow one (that wants a privileged container). Lost is what no sandbox has had mounted since before its holder
ended. A tmpfs' pages are charged to the container that writes them first (tried: one limited to 24 MiB is
killed on its way to fill 64, and later overwrites what another one wrote): give it a limit above its disk.
"""
