"""What listens in the pod of port-forward's scenarios: its text is the container's program.

9000 says back what it hears     9001 the same, on the pod's loopback only
9002 hears to the end and then answers with the checksum     9003 is told a count and sends as many bytes
"""

from __future__ import annotations

import hashlib
import socketserver
import threading

BLOCK = 1 << 18
ECHO, LOOPBACK, DIGEST, SOURCE = 9000, 9001, 9002, 9003


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(BLOCK):
            self.request.sendall(data)


class Digest(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        heard = hashlib.sha256()
        while data := self.request.recv(BLOCK):
            heard.update(data)
        self.request.sendall(heard.hexdigest().encode())


class Source(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        left = int(self.rfile.readline())
        while left:
            size = min(left, BLOCK)
            self.wfile.write(bytes(size))
            left -= size


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 128
    daemon_threads = True


def main() -> None:
    servers = [
        Server(("127.0.0.1", LOOPBACK), Echo),
        Server(("0.0.0.0", DIGEST), Digest),  # noqa: S104 - a pod's address
        Server(("0.0.0.0", SOURCE), Source),  # noqa: S104
        Server(("0.0.0.0", ECHO), Echo),  # noqa: S104
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()


if __name__ == "__main__":
    main()
