"""What the room's tests speak to a server with, and the objects that they send."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3

from minisets.engine.labels import cluster_selector
from minisets.engine.specs import ContainerSpec
from minisets.objects.kinds import Ref
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from minisets.api.app import ApiServer
    from minisets.cluster.credentials import Credentials
    from minisets.engine.memory import MemoryEngine
    from minisets.registry.registry import Registry
    from minisets.store.memory import MemoryStore

Json = dict[str, Any]
PODS = "/api/v1/namespaces/default/pods"
SETS = "/apis/apps/v1/namespaces/default/statefulsets"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass(frozen=True)
class Answered:
    """What came back."""

    code: int
    headers: urllib3.HTTPHeaderDict
    data: bytes

    @property
    def json(self) -> Json:
        found: Json = json.loads(self.data)
        return found


class Client:
    """One person with the token, unless a request says otherwise; `shown`: a certificate and its key."""

    def __init__(self, port: int, credentials_: Credentials, shown: tuple[Path, Path] | None = None) -> None:
        context = ssl.create_default_context(cadata=credentials_.ca)
        if shown is not None:
            context.load_cert_chain(*shown)
        self.port = port
        self.context = context
        self.token = credentials_.token
        self._pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1", port, ssl_context=context, maxsize=8, timeout=20
        )

    def close(self) -> None:
        self._pool.close()

    @property
    def dialled(self) -> int:
        """How many connections it has opened."""
        return self._pool.num_connections

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Json | None = None,
        *,
        token: str | None = "",
        decode: bool = True,
    ) -> Answered:
        """`token` None sends none. A dict is sent as JSON without a Content-Type of its own choosing.

        decode False: the body as it travelled.
        """
        response = self._pool.request(
            method,
            path,
            body=json.dumps(body).encode() if isinstance(body, dict | list) else body,
            headers=self.headers(headers, token=token),
            retries=False,
            decode_content=decode,
            redirect=False,
        )
        return Answered(response.status, response.headers, response.data)

    def stream(self, path: str, headers: Json | None = None) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            "GET", path, headers=self.headers(headers, token=""), preload_content=False, retries=False
        )

    def headers(self, extra: Json | None, *, token: str | None) -> Json:
        given = {} if token is None else {"Authorization": f"Bearer {token or self.token}"}
        return {**given, **(extra or {})}

    def get(self, path: str, accept: str = "application/json") -> Answered:
        return self.ask("GET", path, headers={"Accept": accept})

    def create(self, path: str, body: Json) -> Json:
        answered = self.ask("POST", path, body)
        assert answered.code == 201, answered.data
        return answered.json


@dataclass(frozen=True)
class Running:
    """A server and what stands behind it."""

    server: ApiServer
    client: Client
    store: MemoryStore
    registry: Registry
    engine: MemoryEngine
    credentials: Credentials


def pod(name: str, *containers: str, **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": one, "image": "nginx:1"} for one in containers or ("nginx",)]},
    }


def configmap(name: str, **labels: str) -> Json:
    return {"metadata": {"name": name, "labels": labels}, "data": {"a": "1"}}


def statefulset(name: str) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "serviceName": "nginx",
            "replicas": 2,
            "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {
                    "containers": [{"name": "nginx", "image": "nginx:1", "ports": [{"containerPort": 80}]}]
                },
            },
        },
    }


def run_pod(running: Running, name: str, *containers: str, **terms: bool) -> tuple[str, ...]:
    """A pod whose containers run in the engine, as a kubelet would report them; their ids.

    terms: `stdin`, `stdin_once` and `tty` of all of them.
    """
    made = pod(name, *containers)
    for one in made["spec"]["containers"]:
        one |= {{"stdin_once": "stdinOnce"}.get(term, term): value for term, value in terms.items()}
    running.registry.create("Pod", "default", made)
    return start_pod(running, made)


def start_pod(running: Running, made: Json) -> tuple[str, ...]:
    """Run the containers of a pod that is there."""
    name = made["metadata"]["name"]
    running.registry.bind(Ref("Pod", "default", name), "minisets-0")
    names, ids = [one["name"] for one in made["spec"]["containers"]], []
    own = cluster_selector("minisets")
    for one in made["spec"]["containers"]:
        stdin, once, tty = (bool(one.get(term)) for term in ("stdin", "stdinOnce", "tty"))
        spec = ContainerSpec(f"{name}-{one['name']}", "nginx:1", own, stdin=stdin, stdin_once=once, tty=tty)
        ids.append(running.engine.create_container(spec))
        running.engine.start_container(ids[-1])
    statuses = [
        {
            "name": one,
            "image": "nginx:1",
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "containerID": f"docker://{id_}",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
        for one, id_ in zip(names, ids, strict=True)
    ]
    set_status(running, name, {"phase": "Running", "containerStatuses": statuses})
    return tuple(ids)


def set_status(running: Running, name: str, status: Json) -> None:
    ref = Ref("Pod", "default", name)
    running.registry.change(
        ref, lambda obj: {**obj, "status": {**obj["status"], **status}}, subresource="status"
    )


class Watch:
    """An open watch, its events as they come."""

    def __init__(self, client: Client, path: str, headers: Json | None = None) -> None:
        self.response = client.stream(path, headers)
        self._buffer = b""

    def next(self) -> Json:
        """The next event; fails the test if none comes in time, or if the watch ended."""
        while b"\n" not in self._buffer:
            more = self.response.read1(65536)
            assert more, "the watch has ended"
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\n", 1)
        found: Json = json.loads(line)
        return found

    def told(self) -> tuple[str, str]:
        """Type and name of the next event's object."""
        event = self.next()
        return event["type"], event["object"]["metadata"].get("name", "")

    def has_ended(self) -> bool:
        """Waits for the end of the body."""
        return until(lambda: not self.response.read1(65536), "the end of the watch")

    def close(self) -> None:
        self.response.close()
