"""`pods/portforward`: connections of a client's, carried to ports of a pod.

Belongs here: the three forms that clients speak, and how a port of a pod is reached. Must not: frames and
upgrades (`spdy/`, `upgrades.py`), other streams of pods. No thread for a connection to a pod's address.

    serving.py    the request: what is spoken, until when     pairs.py     SPDY: two streams a connection
    channels.py   a WebSocket's numbered channels             dialling.py  the way to a pod's port
    splicing.py   two connections made one
"""

# 2026-11-30: A port is dialled at the pod's address first: no process, no thread, and what most programs
# listen on. Only where nobody answers there, a program in the pod's sandbox dials the pod's own loopback,
# which is all that Kubernetes dials. Rejected: the sandbox for every connection - an exec takes a tenth of a
# second, and three threads for as long as the connection is open.
#
# 2026-11-30: The pod is looked at for each connection, by its uid. In Kubernetes a forwarding ends with the
# sandbox that it was made for; an address may meanwhile be another pod's.
#
# 2026-11-30: A pair counts until nothing of it is left, not until its client has reset it: those that were
# opened and reset while their dials hung would have taken every descriptor. A reset ends the dial of the
# pod's address. Rejected: ending what waits for the engine, too - its thread goes on, and would not count.
