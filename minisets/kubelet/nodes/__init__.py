"""The nodes of one kubelet: several Nodes over one engine, which this kubelet speaks for.

Belongs here: which nodes are served, what their Nodes say, leases, and what becomes of the containers of a
node that is stopped. Must not: which Nodes there are, taints, the conditions of a node that is stopped
(`controllers/nodes`), what a pod needs (`plan.py`).

    reported.py  what a Node says (pure)          served.py   which nodes are there, which stand still
    leases.py    the sign of life beside it       halting.py  pauses and kills what runs on a node
    reconciler.py  all of it, by the Node's name  telling.py  events, each in the name of the pod's node

    running -> STOPPED written by a person -> HALTED written here -> containers paused or killed
    STOPPED gone -> containers let go -> HALTED gone -> Ready -> its pods are looked at again
    a new Node   -> containers let go -> filled in, Ready     -> its pods are looked at

Decided 2026-11-30:
- A node stands still while its Node carries STOPPED or HALTED: nothing is done about its pods, nothing is
  said of them. HALTED is on record before the first container is touched, and goes once all were let go:
  whatever kubelet comes next finishes what was begun, and wakes nobody on nodes that were never stopped.
  Rejected: a record in memory (lost with the server), every paused container (a person's `docker pause`).
- A Node may be deleted while it hangs, and made again: then HALTED is gone, and who hangs is not. So whoever
  is paused on a Node that was never filled in goes on first; what the store says of that outlives a server.
  Rejected: HALTED written by whoever makes Nodes (people do, too). It wakes what a person paused there.
- A pause passes the gate of commands (`engine/gate.py`), as a snapshot's does; pods that a snapshot holds are
  left until it lets them go. What was being started as its node was stopped is halted when its event comes.
- Heartbeats come with the full list, every five minutes: nothing else here needs a timer, and this kubelet
  can only be gone together with the API. So the lease says 600 s: who compares that with renewTime, as
  upstream's node lifecycle controller does, never takes a node that runs for dead. Rejected: 10 s and 40 s
  as upstream's, a write a second for eight nodes that nobody reads.
- A Node that a person deleted is not made again while this kubelet runs: upstream's registers once, when it
  starts, and so does this one, the first node. What pods that are bound to no Node have left stays until the
  garbage collector of pods removes them. The cursor of addresses is another Node's then (`addresses.py`).
- Every node has the machine's whole capacity: what a manifest tests is where its pods go, not how many cores
  a laptop has. What people add to a Node's capacity stays, as upstream documents for extended resources.
- What a pod left whose object was removed by force while its node stood still has its volumes for six
  minutes, or until the node is out of service, and is removed before they are let go. Upstream takes the
  volume away from under it; here both ends are one folder, and two would write to it.
"""
