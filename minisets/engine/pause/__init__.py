"""The sandbox's program: its source, its binaries, and nothing that runs containers.

Belongs here: `pause.c` (and its parts `dial.h`, `end.h`), one static binary per architecture, built to the
same bytes by `scripts/pause` (`pause-*.made-by` names the compiler and linker that made it). The engine turns
the bytes into an image.
Why: the sandbox runs as uid 0 with a writable root, or Docker mounts its /etc/resolv.conf read-only (EROFS).
Decided 2026-11-23: C without a library, shipped in the package and never pulled, so that a pod needs no
registry. Rejected: a shell script (needs an image around it), Kubernetes' own pause (writes no resolv.conf).
Decided 2026-11-25: one machine builds both binaries, the other architecture's by Debian's cross compiler, and
tests it under qemu; pause-arm64 is aligned for 64 KiB pages. By hand, once, an arm64 kernel ran it as /init.
Decided 2026-11-25: `swap` also links what is new and removes what is stale, and `own`/`match` give a folder
to a group: one exec each, no shell. What may not be given keeps its owner, as upstream.
Decided 2026-11-29: `copy` fills a folder with what another holds (owners, modes, times, attributes, links,
holes, special files), shared by reflink where the file system has it, and marked until it is whole. Rejected:
`cp` of an image (a registry for a snapshot), the engine's archives (each byte through two processes; neither
holes nor attributes survive).
Decided 2026-11-30: `dial` makes an exec in the sandbox a connection to what listens on the pod's loopback;
it takes addresses, no names: there is no resolver in here. Rejected: the machine's own namespaces entered
from outside (root on the machine for each connection). Docker ends an exec's input once its output has
ended.
Decided 2026-11-30: `end` does what the loss of a terminal does: SIGHUP to the command and its session, and
to the command alone also SIGTERM and, 2 s later, SIGKILL; `nohup` and `setsid` outlive it. Which container
a process is of is told by its cgroup, asked while a pidfd holds it (Linux 5.3; on older kernels it fails
and says so). Rejected: `kill` by an exec in the container (it may have no `kill`, the pids in there are
others), SIGKILL to the whole session (it would take what was started to stay), a mark in the environment
(it is the command's to change).
"""

from importlib.resources import files

_DOCKER_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def binary(architecture: str) -> bytes:
    """Return the program for an architecture as the engine (`x86_64`) or an image (`amd64`) names it.

    Raises LookupError for any other.
    """
    name = _DOCKER_NAMES.get(architecture, architecture)
    if name not in _DOCKER_NAMES.values():
        raise LookupError(
            f"no sandbox program for the architecture {architecture!r}: "
            f"minisets runs on engines of {' and '.join(_DOCKER_NAMES.values())}"
        )
    return (files(__name__) / f"pause-{name}").read_bytes()
