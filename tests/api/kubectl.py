"""An unmodified kubectl, as a person types it, and the manifest that it is given."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from minisets.client.access import Access

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.serving import Running

NEEDS_KUBECTL = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")

WEB = """\
apiVersion: v1
kind: Service
metadata: {name: nginx, labels: {app: nginx}}
spec:
  ports: [{port: 80, name: web}]
  clusterIP: None
  selector: {app: nginx}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1", ports: [{containerPort: 80, name: web}]}
"""


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a configuration and a cache of its own."""

    environment: dict[str, str]
    directory: Path

    def __call__(self, *arguments: str, fails: bool = False, stdin: str = "") -> str:
        """What it prints; stderr comes after stdout."""
        done = self.run(*arguments, stdin=stdin)
        assert (done.returncode != 0) is fails, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", *arguments], env=self.environment, cwd=self.directory, input=stdin,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["kubectl", *arguments], env=self.environment, cwd=self.directory, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def with_config(directory: Path, config: str) -> Kubectl:
    """One that has this kubeconfig, and `web.yaml` at hand."""
    file = directory / "config"
    file.write_text(config)
    (directory / "web.yaml").write_text(WEB)
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "KUBECONFIG": str(file)}
    return Kubectl(environment, directory)


def access(running: Running, token: str = "") -> Access:
    """Of the server, with its own token or another."""
    server = f"https://127.0.0.1:{running.server.port}"
    return Access(server, running.credentials.ca, token or running.credentials.token)
