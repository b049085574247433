"""A gRPC server, run in a pod, with one method, Health/Check: `orders` serves once there is a file /go."""

import socket
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded

ORDERS = b"\x0a\x06orders"
SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def serve(connection: socket.socket) -> None:
    """Every call of one connection."""
    protocol = H2Connection(H2Configuration(client_side=False))
    protocol.initiate_connection()
    requests: dict[int, bytes] = {}
    while data := connection.recv(1 << 16):
        for event in protocol.receive_data(data):
            if isinstance(event, DataReceived):
                requests[event.stream_id] = requests.get(event.stream_id, b"") + event.data
            elif isinstance(event, StreamEnded):
                answer(protocol, event.stream_id, requests.pop(event.stream_id, b"")[5:])
        connection.sendall(protocol.data_to_send())


def answer(protocol: H2Connection, stream: int, request: bytes) -> None:
    """A framed HealthCheckResponse, and that the call went well."""
    is_serving = request == ORDERS and Path("/go").exists()
    message = SERVING if is_serving else NOT_SERVING
    protocol.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
    protocol.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
    protocol.send_headers(stream, [("grpc-status", "0")], end_stream=True)


if __name__ == "__main__":
    with socket.create_server(("", 5000)) as listening:
        while True:
            accepted, _ = listening.accept()
            with accepted:
                serve(accepted)
