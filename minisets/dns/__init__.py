"""Names for pods: a small authoritative DNS server for the cluster's domain, which forwards the rest.

Belongs here: what a name means, what is answered, the zone as a value, sockets, process 1.
Must not: pods' lifecycle; all but `feed.py`: the store. `packets.py` alone sees dnslib. What `__main__.py`
imports stays small: the standard library and dnslib, no OpenSSL, no SQLite, none of the other rooms.

    Services + EndpointSlices -> feed.py -> Zone -> answers.py <- Question <- packets.py <- server.py <- a pod
                                                          what is not ours -> upstream.py <-'
In the control container the zone crosses a pipe on its way:

    control plane: feed.py -> handover.py ==pipe==> child.py -> process.py -> server.py
                                                                    |-> kept.py (for the next process 1)
                                                                    '-> restarts.py (when again, or leave)

Authoritative for the cluster's domain, for every single-label name, for `*.<our network>` and for our
subnet's reverse zone: Docker's resolver, or the world's, would answer these from something else.
TTL 5 s; readiness decides (A-131, A-132); a name that exists without the type asked is NODATA.

2026-11-23: The zone is rebuilt whole at each change, never patched: a whole zone can be handed to another
process (the control container's process 1) and cannot drift. A thousand pods take some milliseconds.
2026-11-23: A Service with a cluster address answers with its ready pods' addresses until it has a data
path (fidelity table). Rejected: answering with the address, which nothing would listen on.
2026-11-23: An ExternalName Service is answered with its alias *and* what the machine's resolvers say of the
target: the resolvers in C libraries don't follow an alias that comes alone. Rejected: the alias alone.
2026-11-25: Process 1 of the control container is the DNS server (`python -m minisets.dns`), and the control
plane its child: names resolve while that one is down, busy or upgraded. It is handed whole zones, each with
its length before it; within one life of the child versions never go back, its first zone counts whatever its
version (a restored store begins a new count). What is no zone closes that child's pipe and the zone stays.
Rejected: a socket to connect to (somebody else may, and it needs a place); shared memory or a watched file
(half a zone must be told from a whole one); `subprocess` (it waits for its children itself, process 1 for
everybody's); an init program before it (one more thing to have for two architectures).
2026-11-25: The last zone is kept in a file, so that a replaced container answers at once; without fsync,
because damage costs only the seconds until the control plane's first zone. Rejected: reading the store.
2026-11-25: Before the first zone every question gets SERVFAIL, also those that would be forwarded: which
names are ours stands in the zone. Rejected: an empty zone (NXDOMAIN is remembered); forwarding what is not
below cluster.local (Docker's resolver answers `*.<our network>` and our addresses, for ten minutes).
2026-11-25: Process 1 leaves by itself only after a minute of refusals (exit code 75) and nothing else: Docker
then restarts the container and mounts the engine's socket anew. Rejected: leaving after any row of deaths,
which would take the names away from pods that run well.
"""
