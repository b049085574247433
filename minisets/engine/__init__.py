"""Containers as this program needs them: one method for each call to an engine, and names for people.

Belongs here: the Protocol and what it answers (`interface.py`), what it is asked for (`specs.py`), Docker
(`docker*.py`, the only importers of the SDK besides `cluster/`), the scriptable engine in memory
(`memory*.py`), names and labels, archives to put in, the sandbox's program (`pause/`), its image, and ending
commands with it (`ending.py`). Must not live here: which containers there should be, when one is restarted,
what a pod is (`kubelet/`).

Decided 2026-11-23:
- The SDK's low-level client, with our own JSON for a container and our own reading of streams. Rejected: its
  high-level objects (each attribute may be another call), and its streams (they drop which of stdout and
  stderr a log line came from, and read an exec past what the HTTP client has already buffered). No SDK type
  and no SDK error leaves the room.
- No method waits for a container: stopping is a signal (`stop` would hold its caller for the whole grace).
- Names are injective and readable; a taken name gets `__1`, `__2`, ... Rejected: hashes and uids in all.
- Labels carry a layout number, and suffice to rebuild claims and volumes. No image carries the cluster's
  label: a container inherits its image's labels, and a stranger's would look like ours.
- The engine in memory mirrors Docker's traps (a create that returns a stranger's volume, a volume that a
  mount makes by itself, a sandbox that is dead); one contract suite holds both to the same behaviour.
- 2026-11-29: what a container uses is one look, answered at once; a rate is the business of who asks.
  Rejected: Docker's own rate, which waits a second for a second look at each container.
- 2026-11-25: a mount without a source is a volume of the container's own, removed with it. Trap: an archive's
  answer is gzip unless told `identity`.
- 2026-11-30: all commands pass `gate.py` inside the engine, so that no caller can forget it. Rejected: a gate
  handed to each caller (five of them, in two rooms).
- 2026-11-30: a command is ended from outside by a helper container that sees the machine's processes and
  may do nothing but signal. Docker has no call for it. Rejected: an exec in the sandbox (which sees the
  processes only where the pod shares them), `kill` in the container (an image may have none, and the
  number is the machine's), signals from our own process (on Docker Desktop and in the control container
  it is not on that machine). A daemon that remaps users refuses the helper: there the command runs on,
  and the log says so.
"""
