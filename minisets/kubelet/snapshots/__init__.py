"""The snapshotter: contents to copies in Docker volumes, and copies back into claims.

Belongs here: which snapshots are taken together, who stands still meanwhile, copying, what becomes of copies.
Must not: binding snapshots and contents (`controllers/snapshots/`), when a claim gets a volume
(`volumes/provisioner.py`), stopping and starting a statefulset (`cli/`).

    snapshotter.py  contents: take, check, remove      groups.py   which are due (pure)
    taking.py       one group, from pause to mark      pauses.py   who stands still now
    copying.py      the helper container               users.py    who has a volume mounted
    fills.py        copies back, in a lane             restoring.py  claims that are to be put back

    volumes made -> helper made (its label names who is paused) -> paused -> copied -> looked whether the
    pause lasted -> unpaused -> copies marked whole -> helper gone -> statuses

Decided 2026-11-29:
- A copy is a Docker volume: `data/` is what the claim held, `whole` is written last and says of which
  taking it is. A content is ready only once all of its group are marked, so that a kubelet that was killed
  between two statuses writes the others, and never takes half a group at another moment. What is not marked
  is made anew.
- All containers of the pods, not their sandboxes, are paused one after the other, and all is copied only
  then: whatever a replica has heard of, the one that said it had said before it stood still. One helper
  copies the claims one after the other: three of 200 MiB stood still for 1.6 s on two busy cores. Not tried:
  several at once, which would share one disk.
- Who is paused is on the helper's label before anybody is: whatever kubelet comes next, on whatever state,
  lets those go on that are named there, and nobody whom a person paused. Rejected: the store (it may be
  lost).
- A pause ends after PAUSED_AT_MOST, 60 s: longer than a laptop's disk takes for some gigabytes, no longer
  than Kubernetes gives a silent node (50 s) plus a grace. It is said and not tried again: each try stops
  the pods. Who has more data scales to 0 first; nothing is paused then, and there is no limit.
- Nothing is done about a pod that stands still (no hook, no signal, no probe): a command in it waits,
  and a signal would wake it. If it was woken all the same, or a container came to the volume, the copy is
  taken anew.
- A claim is put back in place, by an annotation that holds its pods off until it is done: the Docker
  volume, its PersistentVolume and the claim stay, be it retained or made by hand. At each point of a crash
  the copy is whole, and no pod sees a volume that is not. Rejected: deleting the claim and making it anew
  from the snapshot (a statefulset that is scaled up meanwhile makes an empty one; a retained volume stays
  behind; owner, labels and uid are others). An adopted volume is never emptied; make a claim from the
  snapshot for that.
- Trap, seen on Docker 20.10: a container that is paused while a command is being begun in it can be neither
  let go nor removed; its runc waits in the frozen cgroup and holds the shim. So all commands pass a gate
  (`engine/gate.py`): none begins while it is closed, those that begin are waited for, and if one has not
  begun in 10 s, the taking fails before anybody is paused. Who waits is a hook or a person's `exec`; probes
  are left out, for they would hold a thread each. Open: what does not pass there, a person's `docker exec`
  and an image's HEALTHCHECK.
- 2026-11-30: whoever a killed kubelet left paused is let go in the snapshots' lane: an engine that does not
  answer for one container must not keep the server from serving.
"""
