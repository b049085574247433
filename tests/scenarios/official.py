"""The official Python client as a command line in kubectl's words: scenarios run all clients alike.

    python official.py exec|attach|port-forward POD [-i] [PORT] [-- COMMAND...]

A process of its own, as a person's program is: it can be killed, and what it leaves to the garbage
collector is not the suite's. Reads KUBECONFIG.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import sys
import threading
from contextlib import suppress
from functools import partial
from typing import Any, TextIO

from kubernetes import client, config
from kubernetes.stream import portforward, stream

SPACE = "default"
CHUNK = 32 * 1024
LOOK = 0.1  # Why look at all: what TLS has decrypted ahead is invisible to select
STDIN, ERROR = 0, 3


def main() -> int:
    argv = [*sys.argv[1:], "--"]
    mine, theirs = argv[: argv.index("--")], argv[argv.index("--") + 1 : -1]
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["exec", "attach", "port-forward"])
    parser.add_argument("pod")
    parser.add_argument("ports", nargs="*")
    parser.add_argument("-i", "--stdin", action="store_true")
    asked = parser.parse_args(mine)
    core = client.CoreV1Api(config.new_client_from_config())
    if asked.verb == "port-forward":
        return forward(core, asked.pod, asked.ports)
    return speak(core, asked.verb, asked.pod, stdin=asked.stdin, command=theirs)


# --- exec and attach ---


def speak(core: Any, verb: str, pod: str, *, stdin: bool, command: list[str]) -> int:
    method = (
        core.connect_get_namespaced_pod_exec if verb == "exec" else core.connect_get_namespaced_pod_attach
    )
    options: dict[str, Any] = {"command": command} if verb == "exec" else {}
    channels = stream(
        method, pod, SPACE, stdin=stdin, stdout=True, stderr=True, tty=False,
        binary=True, _preload_content=False, **options,
    )  # fmt: skip
    channels._channels = InPlace()
    # Why one thread: the client's socket must not be read and written at once.
    given = [sys.stdin.fileno()] if stdin else []
    while channels.is_open():
        readable, _, _ = select.select([*given, channels.sock.sock], [], [], LOOK)
        if given and given[0] in readable:
            if data := os.read(given[0], CHUNK):
                channels.write_stdin(data)
            else:
                channels.close_channel(STDIN)
                given = []
        pass_on(channels)
    pass_on(channels)
    return int(channels.returncode)


class InPlace(dict[int, Any]):
    """What the client has read and nobody has taken.

    Why: it adds each frame to bytes that it copies anew, and reads on as long as there are frames: behind a
    fast server that is quadratic, minutes for 100 MB.
    """

    def __setitem__(self, channel: int, data: Any) -> None:
        is_new = isinstance(data, bytes) and channel != ERROR
        super().__setitem__(channel, bytearray(data) if is_new else data)


def pass_on(channels: Any) -> None:
    channels.update(timeout=0)
    for read, out in ((channels.read_stdout, sys.stdout), (channels.read_stderr, sys.stderr)):
        if data := read(timeout=0):
            out.buffer.write(data)
            out.buffer.flush()


# --- port-forward ---


def forward(core: Any, pod: str, ports: list[str]) -> int:
    """As kubectl does: `:80` is a free port of this machine, and a line tells which."""
    listening = [
        (socket.create_server(("127.0.0.1", 0), backlog=128), int(port.strip(":"))) for port in ports
    ]
    serving = [
        threading.Thread(target=serve, args=(core, pod, listener, port)) for listener, port in listening
    ]
    for thread, (listener, port) in zip(serving, listening, strict=True):
        thread.start()
        say(f"Forwarding from 127.0.0.1:{listener.getsockname()[1]} -> {port}", sys.stdout)
    for thread in serving:
        thread.join()
    return 0


def serve(core: Any, pod: str, listener: socket.socket, port: int) -> None:
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=splice, args=(core, pod, accepted, port), daemon=True).start()


def splice(core: Any, pod: str, accepted: socket.socket, port: int) -> None:
    own = client.CoreV1Api(client.ApiClient(core.api_client.configuration))
    forwarded = portforward(own.connect_get_namespaced_pod_portforward, pod, SPACE, ports=str(port))
    far = forwarded.socket(port)
    back = threading.Thread(target=partial(copy, far, accepted), daemon=True)
    back.start()
    with suppress(OSError):
        while data := accepted.recv(CHUNK):
            far.sendall(data)
    back.join()
    if error := forwarded.error(port):
        say(error, sys.stderr)
    far.close()


def say(line: str, where: TextIO) -> None:
    where.write(f"{line}\n")
    where.flush()


def copy(far: Any, near: socket.socket) -> None:
    with near, suppress(OSError):
        while data := far.recv(CHUNK):
            near.sendall(data)
        near.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    sys.exit(main())
