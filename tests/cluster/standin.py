"""A Docker Engine with no containers behind it: made, started, ended on paper. `wire.py` lends it a socket.

Only the calls that the control container and its image need, as the engine answers them. A started container
that publishes a port gets an HTTPS server there which tells its content, as the real one would: with the
credentials that were copied into its volume. What goes wrong is scripted: `when`, `refuse`, `end`, `remove`.
"""

from __future__ import annotations

import io
import json
import re
import struct
import tarfile
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from minisets.cluster.mending import connected
from minisets.engine import labels
from tests.cluster.wire import WayIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]
Query = dict[str, str]

API = "1.47"


class Refusal(Exception):
    """The engine answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Box:
    """A container."""

    id: str
    name: str
    body: Json
    state: str = "created"
    exit_code: int = 0
    error: str = ""
    log: str = ""
    created: str = "2026-12-01T10:00:00Z"
    files: dict[str, bytes] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    server: WayIn | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        return self.body.get("Labels") or {}

    @property
    def volumes(self) -> list[str]:
        mounts = (self.body.get("HostConfig") or {}).get("Mounts") or ()
        return [mount["Source"] for mount in mounts if mount["Type"] == "volume"]

    @property
    def port(self) -> int:
        bindings = (self.body.get("HostConfig") or {}).get("PortBindings") or {}
        return next((int(each[0]["HostPort"]) for each in bindings.values()), 0)


class StandIn:
    """The engine: everything that it has, by id or name."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.boxes: dict[str, Box] = {}
        self.volumes: dict[str, Json] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        """What is in each volume, by path in the control container."""
        self.networks: dict[str, Json] = {}
        self.images: dict[str, Json] = {}
        """By tag."""
        self.calls: list[str] = []
        self.pulled = True
        self.has_one_id = True
        """Podman has another one for each question."""
        self.has_server = True
        """Whether a started control container answers."""
        self.runs: Callable[[Box], tuple[int, str]] = lambda _: (0, "")
        """What a build container's command does: its exit code and output."""
        self._scripts: list[tuple[re.Pattern[str], Callable[[], None]]] = []
        self._made = 0

    # --- scripting ---

    def when(self, call: str, then: Callable[[], None]) -> None:
        """Once, before a call such as `POST /containers/create`, by the beginning of a regular expression."""
        self._scripts.append((re.compile(call), then))

    def refuse(self, call: str, status: int, message: str) -> None:
        """Once."""

        def refused() -> None:
            raise Refusal(status, message)

        self.when(call, refused)

    def add_image(self, tag: str, own: Mapping[str, str] | None = None) -> str:
        """An image of that name; its id."""
        id_ = f"sha256:{self._new_id()}"
        self.images[tag] = {"Id": id_, "Config": {"Labels": dict(own or {})}}
        return id_

    def add_volume(self, name: str, own: Mapping[str, str] | None = None) -> None:
        self.volumes[name] = {"Name": name, "Driver": "local", "Labels": dict(own or {})}

    def add_network(self, name: str, subnet: str, own: Mapping[str, str] | None = None) -> None:
        ipam = {"Config": [{"Subnet": subnet}]}
        self.networks[name] = {"Id": self._new_id(), "Name": name, "Labels": dict(own or {}), "IPAM": ipam}

    def add_box(self, name: str, own: Mapping[str, str] | None = None, state: str = "running") -> Box:
        box = Box(self._new_id(), name, {"Image": "nginx:1", "Labels": dict(own or {})}, state)
        self.boxes[box.id] = box
        return box

    def box(self, name: str) -> Box:
        return self._box(name)

    def subnet(self, network: str) -> str:
        return str(self.networks[network]["IPAM"]["Config"][0]["Subnet"])

    def end(self, name: str, exit_code: int = 137) -> None:
        """The container's program ends by itself."""
        with self.lock:
            box = self._box(name)
            box.state, box.exit_code = "exited", exit_code
            _close(box)

    def remove(self, name: str) -> None:
        """Somebody types `docker rm -f`."""
        with self.lock:
            box = self._box(name)
            _close(box)
            del self.boxes[box.id]

    def close(self) -> None:
        for box in self.boxes.values():
            _close(box)

    # --- what the engine answers ---

    def answer(self, method: str, path: str, query: Query, data: bytes) -> tuple[int, bytes]:
        """Status and body."""
        call = f"{method} {path}"
        with self.lock:
            self.calls.append(call)
            try:
                self._play(call)
                return _encoded(self._routed(call, query, data))
            except Refusal as refusal:
                return refusal.status, json.dumps({"message": str(refusal)}).encode()

    def _routed(self, call: str, query: Query, data: bytes) -> object:
        for pattern, does in ROUTES.items():
            if found := re.fullmatch(pattern, call):
                return does(self, *map(unquote, found.groups()), query, data)
        raise Refusal(404, f"page not found: {call}")

    def _play(self, call: str) -> None:
        for script in self._scripts:
            if script[0].match(call):
                self._scripts.remove(script)
                script[1]()
                return

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._made:064x}"

    def _box(self, name: str) -> Box:
        for box in self.boxes.values():
            if name in (box.id, box.name):
                return box
        raise Refusal(404, f"No such container: {name}")

    def version(self, _query: Query, _data: bytes) -> Json:
        parts = [{"Name": "Engine", "Version": "29.0.0"}]
        return {"Version": "29.0.0", "ApiVersion": API, "MinAPIVersion": "1.24", "Components": parts}

    def info(self, _query: Query, _data: bytes) -> Json:
        own = id(self) if self.has_one_id else self._new_id()
        return {
            "ID": f"stand-in-{own}",
            "Name": "stand-in",
            "DockerRootDir": f"/var/lib/{id(self)}",
            "OperatingSystem": "Debian",
            "SecurityOptions": [],
        }

    @property
    def identity(self) -> str:
        """What tells it from other engines of this machine."""
        with connected() as calls:
            return calls.info().identity

    def containers(self, query: Query, _data: bytes) -> list[Json]:
        return [
            {"Id": box.id, "Names": [f"/{box.name}"], "State": box.state, "Labels": dict(box.labels)}
            for box in self.boxes.values()
            if _carries(box.labels, query)
        ]

    def create(self, query: Query, data: bytes) -> Json:
        body = json.loads(data)
        name = query.get("name") or f"nameless_{self._made}"
        if any(box.name == name for box in self.boxes.values()):
            raise Refusal(409, f'Conflict. The container name "/{name}" is already in use')
        if self._image(body["Image"]) is None:
            raise Refusal(404, f"No such image: {body['Image']}")
        box = Box(self._new_id(), name, body, created=datetime.now(UTC).isoformat())
        for volume in box.volumes:
            if volume not in self.volumes:
                self.add_volume(volume)
        box.networks = set((body.get("NetworkingConfig") or {}).get("EndpointsConfig") or ())
        self.boxes[box.id] = box
        return {"Id": box.id, "Warnings": []}

    def inspect(self, name: str, _query: Query, _data: bytes) -> Json:
        box = self._box(name)
        return {
            "Id": box.id,
            "Name": f"/{box.name}",
            "Image": "sha256:beef",
            "Created": box.created,
            "RestartCount": 0,
            "Config": {"Image": box.body["Image"], "Labels": dict(box.labels), "Tty": False},
            "State": {"Status": box.state, "ExitCode": box.exit_code, "Error": box.error},
            "NetworkSettings": {"Networks": {each: {"IPAddress": ""} for each in box.networks}},
        }

    def start(self, name: str, _query: Query, _data: bytes) -> None:
        box = self._box(name)
        for network in box.networks - set(self.networks):
            raise Refusal(404, f"network {network} not found")
        if box.labels.get(labels.KIND) == "build":
            box.exit_code, box.log = self.runs(box)
            box.state = "exited"
            return
        if box.port and self.has_server:
            files = self.files.get(box.volumes[0], {})
            try:
                box.server = WayIn(box.port, files, box.labels.get(labels.CONTENT, ""))
            except OSError as error:
                box.error = f"Bind for 127.0.0.1:{box.port} failed: port is already allocated"
                raise Refusal(500, box.error) from error
        box.state = "running"

    def stop(self, name: str, _query: Query, _data: bytes) -> None:
        box = self._box(name)
        if box.state == "running":
            self.end(name, 0)

    def wait(self, name: str, _query: Query, _data: bytes) -> Json:
        return {"StatusCode": self._box(name).exit_code}

    def delete(self, name: str, _query: Query, _data: bytes) -> None:
        self.remove(self._box(name).id)

    def logs(self, name: str, query: Query, _data: bytes) -> bytes:
        lines = self._box(name).log.splitlines(keepends=True)
        kept = lines if query.get("tail", "all") == "all" else lines[-int(query["tail"]) :]
        return b"".join(struct.pack(">BxxxL", 1, len(line)) + line for line in map(str.encode, kept))

    def get_archive(self, name: str, query: Query, _data: bytes) -> bytes:
        folder, files = query["path"], self._files(self._box(name))
        below = {path: data for path, data in files.items() if path.startswith(f"{folder}/")}
        if not below:
            raise Refusal(404, f"Could not find the file {folder} in container {name}")
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for path, data in below.items():
                entry = tarfile.TarInfo(f"{Path(folder).name}/{path.removeprefix(f'{folder}/')}")
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return buffer.getvalue()

    def put_archive(self, name: str, query: Query, data: bytes) -> None:
        files = self._files(self._box(name))
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for entry in tar:
                if (inside := tar.extractfile(entry)) is not None:
                    files[f"{query['path'].rstrip('/')}/{entry.name}"] = inside.read()

    def _files(self, box: Box) -> dict[str, bytes]:
        return self.files.setdefault(box.volumes[0], {}) if box.volumes else box.files

    def _image(self, name: str) -> Json | None:
        return next((image for tag, image in self.images.items() if name in (tag, image["Id"])), None)

    def inspect_image(self, name: str, _query: Query, _data: bytes) -> Json:
        found = self._image(name)
        if found is None:
            raise Refusal(404, f"No such image: {name}")
        return found

    def list_images(self, query: Query, _data: bytes) -> list[Json]:
        return [
            {"Id": image["Id"], "RepoTags": [tag], "Labels": image["Config"]["Labels"]}
            for tag, image in self.images.items()
            if _carries(image["Config"]["Labels"], query)
        ]

    def pull(self, query: Query, _data: bytes) -> bytes:
        name = f"{query['fromImage']}:{query['tag']}"
        if not self.pulled:
            return json.dumps({"error": "dial tcp: no route to host"}).encode() + b"\n"
        self.add_image(name)
        return json.dumps({"status": f"Pulled {name}"}).encode() + b"\n"

    def commit(self, query: Query, data: bytes) -> Json:
        config, box = json.loads(data), self._box(query["container"])
        own = {**box.labels, **config.get("Labels", {})}
        self.images[f"{query['repo']}:{query['tag']}"] = {
            "Id": f"sha256:{self._new_id()}",
            "Config": {**config, "Labels": own},
        }
        return {"Id": f"sha256:{self._new_id()}"}

    def delete_image(self, name: str, _query: Query, _data: bytes) -> list[Json]:
        gone = [tag for tag, image in self.images.items() if name in (tag, image["Id"])]
        if any(box.body["Image"] in gone for box in self.boxes.values()):
            raise Refusal(409, f"unable to delete {name}: image is being used by a container")
        for tag in gone:
            del self.images[tag]
        return []

    def list_volumes(self, query: Query, _data: bytes) -> Json:
        return {"Volumes": [each for each in self.volumes.values() if _carries(each["Labels"], query)]}

    def inspect_volume(self, name: str, _query: Query, _data: bytes) -> Json:
        if name not in self.volumes:
            raise Refusal(404, f"no such volume: {name}")
        return self.volumes[name]

    def create_volume(self, _query: Query, data: bytes) -> Json:
        body = json.loads(data)
        if body["Name"] not in self.volumes:
            self.add_volume(body["Name"], body["Labels"])
        return self.volumes[body["Name"]]

    def delete_volume(self, name: str, _query: Query, _data: bytes) -> None:
        users = [box.name for box in self.boxes.values() if name in box.volumes]
        if users:
            raise Refusal(409, f"remove {name}: volume is in use - {users}")
        self.volumes.pop(name, None)
        self.files.pop(name, None)

    def list_networks(self, _query: Query, _data: bytes) -> list[Json]:
        return list(self.networks.values())

    def create_network(self, _query: Query, data: bytes) -> Json:
        body = json.loads(data)
        if body["Name"] in self.networks:
            raise Refusal(409, f"network with name {body['Name']} already exists")
        self.add_network(body["Name"], body["IPAM"]["Config"][0]["Subnet"], body["Labels"])
        return {"Id": self.networks[body["Name"]]["Id"]}

    def delete_network(self, name: str, _query: Query, _data: bytes) -> None:
        if any(name in box.networks for box in self.boxes.values()):
            raise Refusal(403, f"error while removing network: network {name} has active endpoints")
        self.networks = {own: each for own, each in self.networks.items() if name not in (own, each["Id"])}


ROUTES: dict[str, Callable[..., object]] = {
    r"GET /version": StandIn.version,
    r"GET /info": StandIn.info,
    r"GET /containers/json": StandIn.containers,
    r"POST /containers/create": StandIn.create,
    r"GET /containers/([^/]+)/json": StandIn.inspect,
    r"POST /containers/([^/]+)/start": StandIn.start,
    r"POST /containers/([^/]+)/stop": StandIn.stop,
    r"POST /containers/([^/]+)/wait": StandIn.wait,
    r"DELETE /containers/([^/]+)": StandIn.delete,
    r"GET /containers/([^/]+)/logs": StandIn.logs,
    r"GET /containers/([^/]+)/archive": StandIn.get_archive,
    r"PUT /containers/([^/]+)/archive": StandIn.put_archive,
    r"GET /images/json": StandIn.list_images,
    r"GET /images/(.+)/json": StandIn.inspect_image,
    r"POST /images/create": StandIn.pull,
    r"POST /commit": StandIn.commit,
    r"DELETE /images/(.+)": StandIn.delete_image,
    r"GET /volumes": StandIn.list_volumes,
    r"GET /volumes/(.+)": StandIn.inspect_volume,
    r"POST /volumes/create": StandIn.create_volume,
    r"DELETE /volumes/(.+)": StandIn.delete_volume,
    r"GET /networks": StandIn.list_networks,
    r"POST /networks/create": StandIn.create_network,
    r"DELETE /networks/(.+)": StandIn.delete_network,
}


def _close(box: Box) -> None:
    if box.server is not None:
        box.server.close()
        box.server = None


def _carries(own: Mapping[str, str], query: Query) -> bool:
    wanted = json.loads(query.get("filters", "{}")).get("label") or ()
    pairs = [each.partition("=") for each in wanted]
    return all(own.get(key) == value if sign else key in own for key, sign, value in pairs)


def _encoded(answer: object) -> tuple[int, bytes]:
    if answer is None:
        return 204, b""
    return 200, answer if isinstance(answer, bytes) else json.dumps(answer).encode()
