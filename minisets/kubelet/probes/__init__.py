"""Asking containers: probes and lifecycle hooks, and how: a command, a request, a connection, a health call.

Belongs here: when a probe is due, what its results amount to, running one, running a hook. Must not: what
follows from an answer (`plan.py`, `status/`). Results are observations; nobody waits for one.

    prober.py   keeps the time, a lane runs them       hooks.py       postStart and preStop, in a lane
    probing.py  results into verdicts (pure)           dialing.py     one probe: exec, HTTP, TCP, gRPC
    health.py   the gRPC health call, the only h2      requesting.py  the GET that probes and hooks share
"""
