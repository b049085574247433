"""SPDY/3.1 as kubectl speaks it: many streams over one connection, for exec, attach and port-forward.

Belongs here: frames, the streams of a connection, their bounds. Must not: HTTP and WebSockets
(`upgrades.py`), what a stream carries (`streams.py`, `forwarding.py`), the engine. Malformed input ends the
connection.

    dictionary.py  words that headers are compressed with     frames.py  bytes <-> frames (pure)
    connection.py  streams over any transport of bytes
"""

# 2026-11-30: The dialect of moby/spdystream, which is all that is left of SPDY: no flow control (neither side
# sends WINDOW_UPDATE or SETTINGS), so a stream that nobody reads holds up its whole connection once its bound
# is reached, as it does in Kubernetes. Rejected: bytes without a bound; a window of our own, which no client
# would keep to.
#
# 2026-11-30: Written by hand, for a few hundred lines. Rejected: a package for a protocol that is dead
# anywhere else.
#
# 2026-11-30: A stream that is reset before it is accepted is forgotten at once, headers and all: streams that
# may be open are all that waits. Rejected: counting what waits beside what is open, which would refuse the
# fifth of the eight streams that a client opens at once.
