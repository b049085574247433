"""The command line: click commands, and pure rendering of what the API answers.

Belongs here: what a person types, what is printed, exit codes (0 done, 1 failed, 2 misused, 130 Ctrl-C).
Must not: talk to Docker except through `cluster/`; decide about workloads; know more than the API says.

    app.py        the group, and what an error becomes     session.py   cluster, namespace, client
    up.py down.py the main job                             delete_pod.py delete-pod
    check.py      what becomes of a file's fields          checking.py  each remark, with its place
    reading.py    get, describe                            writing.py   apply, create, delete, scale
    logs.py       logs, of one or of all replicas          log_choice.py pure: whose log, which run is next
    log_following.py  which containers are followed        log_sources.py  one of them, over its restarts
    log_lines.py  pure: lines, prefixes, what is new       log_funnel.py  from the readers to the printer
    rollout.py    rollout history, undo, restart, status   explain.py   what a statefulset waits for
    about.py      status, kubeconfig, daemon               following.py waiting until pods are ready
    token.py      named tokens: create, list, revoke       exec.py      a command in a container
    attach.py     at a container's own program             debug.py     a container to look around with
    terminal.py   lent, followed, given back               pod_targets.py  sts/web, svc/web: which pod
    port_forward.py  local ports carried to a pod's        ports.py     pure: 8080:web: which ports
    applying.py   one manifest into the cluster            files.py     FILE, DIR and - into manifests
    targets.py    TYPE/NAME and TYPE NAME into objects     rollouts.py  pure: how far, which revision
    volumes.py    list, rm, export, import, adopt, recover volumes_rows.py  pure: what is listed
    volumes_changes.py  rm, adopt and recover, done
    snapshot.py   save, restore, list, rm snapshots         snapshots.py  pure: which belong together
    snapshot_restore.py  one put back, step by step
    node.py       list, stop and start nodes               node_rows.py  pure: what is listed, what is said
    cp.py         files from and to containers             copy_archives.py  tar archives that pass through
    copy_paths.py pure: what is copied where               pod_containers.py  pure: which of several
    shaping.py    up --nodes, --max-nodes, --zones         durations.py  5m, as it is typed
    render.py describing.py templates.py template_volumes.py  pure: objects and Tables into text

2026-11-23: Commands, options and wording follow kubectl wherever it has them: nobody learns twice.
2026-11-25: `check` asks a registry in memory by a dry run, with the manifest's namespace and account taken to
be there. Rejected: validation alone (names, versions, ports and addresses are refused by the registry), and
asking a running server (CI has none).
2026-11-25: `volumes` has claims and PVs from the API, sizes and what no PV names from the engine, through
`cluster/`, as `status` and `down`. Rejected: sizes in objects (the engine walks every file for them).
Removing: the PV first, waited for, then the data: nothing can be bound to data on its way out.
2026-11-29: `snapshot restore` is a series of writes, each of which a command that was killed can go on from:
the statefulset to 0 with what it was in an annotation (and whenScaled Retain: its claims must not go), its
claims asked to be put back (`kubelet/snapshots/` holds their pods off), and back. Rejected: our own kind.
2026-11-30: `port-forward` goes on when a connection is refused, and finds its pod by name for each: what a
person restarts comes back under its name. Rejected: kubectl's end of it all, which each restart would bring.
2026-11-30: `logs -f` of several reads with the engine's stamps, and goes on behind the n-th line of the last
one, from a second before it. Rejected: stamps alone (two lines of the same one: twice, or lost), counting
lines (a rotated log has fewer). Which run an answer is about is known where the pod's status is the same
before and after it began. While a run has printed nothing, what counts from each asking (a tail, seconds)
counts from its first answer, by that one's Date. Rejected: our own clock (it is not the engine's).
"""
