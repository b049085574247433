"""Names for pods: a small authoritative DNS server for the cluster's domain, which forwards the rest.

Belongs here: what a name means, what is answered, the zone as a value, sockets.
Must not: pods' lifecycle; all but `feed.py`: the store. `packets.py` alone sees dnslib.

    Services + EndpointSlices -> feed.py -> Zone -> answers.py <- Question <- packets.py <- server.py <- a pod
                                                          what is not ours -> upstream.py <-'

Authoritative for the cluster's domain, for every single-label name, for `*.<our network>` and for our
subnet's reverse zone: Docker's resolver, or the world's, would answer these from something else.
TTL 5 s; readiness decides (A-131, A-132); a name that exists without the type asked is NODATA.

2026-11-23: The zone is rebuilt whole at each change, never patched: a whole zone can be handed to another
process (the control container's process 1) and cannot drift. A thousand pods take some milliseconds.
2026-11-23: A Service with a cluster address answers with its ready pods' addresses until it has a data
path (fidelity table). Rejected: answering with the address, which nothing would listen on.
2026-11-23: An ExternalName Service is answered with its alias *and* what the machine's resolvers say of the
target: the resolvers in C libraries don't follow an alias that comes alone. Rejected: the alias alone.
"""
