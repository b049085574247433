"""Nodes: which there are, how they are, and what becomes of the pods of those that fail.

Belongs here: the Node objects of the cluster's shape, more of them when pods need room, the conditions of a
node that was stopped, taints, moving pods away, removing those that nobody else will. Must not: what a
running node says of itself, containers of a stopped one (`kubelet/`), which node a pod gets
(`controllers/scheduling`), whether a volume may be had elsewhere by now (`kubelet/volumes`).

    registering.py   the shape -> Node objects, with zones; the kubelet fills them in
    health.py        conditions and taints that follow from how nodes are (pure)
    lifecycle.py     writes these; pods of a lost node are not ready
    eviction.py      NoExecute taint -> tolerationSeconds -> the pod is deleted
    podgc.py         pods whose node is gone, or given up, or that never had one
    growth.py        one more node, or one fewer (pure): actions.py, which growing.py does
    conditions.py    what is said on a pod that its node fails (pure)

A machine that fails: annotation `minisets.dev/stopped` -> Ready Unknown -> the unreachable taints
    -> 5 minutes -> the pod is deleted, and stays Terminating -> forced, or the node is tainted out-of-service

2026-11-30: nodes are virtual, so a failure is not found out but known: it is an annotation, and all that
follows is Kubernetes' own, with its times. Rejected: heartbeats that one stops (minutes of waiting in a test,
and writes at rest). Growth is cluster-autoscaler's, without its loop: a cluster at rest has no timers. Names
of further nodes are ordinals, and an ordinal has its zone: a pod that wants the third zone gets minisets-2.
Rejected: a zone that is chosen for each node (to be remembered, and `zones` could not change).
"""
