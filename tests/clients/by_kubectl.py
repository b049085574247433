"""Every kubectl on this machine, and the scenario's steps as a person types them.

Some ship as a `kubectl` that chooses between siblings named `kubectl.1.NN`: each of these is one of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clients.speaking import WATCHED_FOR, eviction

if TYPE_CHECKING:
    from tests.clients.speaking import Json, Tell

WITHIN = 90


def kubectls() -> dict[str, str]:
    """By a name for people, the path of each; empty where there is none."""
    found = {}
    if first := shutil.which("kubectl"):
        found["kubectl"] = first
        for sibling in sorted(Path(first).resolve().parent.glob("kubectl.1.*")):
            if os.access(sibling, os.X_OK):
                found[sibling.name] = str(sibling)
    return found


class Kubectl:
    """One kubectl with a configuration and a cache of its own."""

    def __init__(self, path: str, config: Path, folder: Path) -> None:
        self._path = path
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": str(config)}
        self._folder = folder
        # Kubernetes: a setting of 1.29, the default since 1.30.
        self._environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "true"

    @property
    def executes(self) -> bool:
        """Differs: older ones speak nothing but SPDY, which is not served."""
        return not self._path.endswith(("kubectl.1.27", "kubectl.1.28"))

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._path, *arguments], env=self._environment, cwd=self._folder, input=stdin,
            capture_output=True, text=True, timeout=WITHIN, check=False,
        )  # fmt: skip

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def create(self, manifest: Json) -> None:
        self("create", "-f", "-", stdin=json.dumps(manifest))

    def find(self, kind: str, name: str) -> Json | None:
        text = self("get", kind, name, "--ignore-not-found", "-o", "json")
        found: Json | None = json.loads(text) if text else None
        return found

    def names(self, kind: str, selector: str = "") -> list[str]:
        found = self("get", kind, "-l", selector, "-o", "jsonpath={.items[*].metadata.name}")
        return found.split()

    def wait_ready(self, pod: str) -> None:
        self("wait", f"pod/{pod}", "--for=condition=Ready", "--timeout=60s")

    def rolled_out(self, statefulset: str) -> None:
        self("rollout", "status", f"statefulset/{statefulset}", "--timeout=60s")

    def scale(self, statefulset: str, replicas: int) -> None:
        self("scale", "statefulset", statefulset, f"--replicas={replicas}")

    def patch(self, kind: str, name: str, patch: Json) -> None:
        self("patch", kind, name, "-p", json.dumps(patch))

    def watch(self, kind: str, selector: str, tell: Tell) -> None:
        arguments = ("get", kind, "-l", selector, "--watch", "--output-watch-events", "-o", "json")
        with subprocess.Popen(
            ["timeout", str(WATCHED_FOR), self._path, *arguments], env=self._environment, cwd=self._folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            text = ""
            for line in process.stdout:
                text += line
                try:
                    event = json.loads(text)
                except ValueError:
                    continue  # a part of an event
                text = ""
                if tell(event["type"], event["object"]):
                    break
            process.terminate()

    def logs(self, pod: str) -> str:
        return self("logs", pod)

    def execute(self, pod: str, *command: str) -> str:
        return self("exec", pod, "--", *command)

    def evict(self, pod: str) -> None:
        path = f"/api/v1/namespaces/default/pods/{pod}/eviction"
        self("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction(pod)))

    def events(self, about: str) -> list[str]:
        selector = f"--field-selector=involvedObject.name={about}"
        return self("get", "events", selector, "-o", "jsonpath={.items[*].reason}").split()

    def delete(self, kind: str, name: str, propagation: str = "Background") -> None:
        self("delete", kind, name, f"--cascade={propagation.lower()}", "--wait=false")
