"""A whole server over the engine in memory, and the one kubectl whose words the sessions hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from minisets.client.access import kubeconfig
from tests.clients.by_kubectl import kubectls
from tests.whole import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
VERSION = "1.33"
"""Whose words the sessions hold: others print a few of them otherwise."""


@pytest.fixture(scope="session")
def kubectl() -> str:
    for path in kubectls().values():
        said = subprocess.run(
            [path, "version", "--client", "-o", "json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        client = json.loads(said.stdout)["clientVersion"]
        if f"{client['major']}.{client['minor'].rstrip('+')}" == VERSION:
            return path
    pytest.skip(f"no kubectl {VERSION} on this machine: nothing shows what it prints here")


@pytest.fixture
def place(tmp_path: Path, kubectl: str) -> Iterator[tuple[dict[str, str], Path]]:
    """Environment and folder of a session: `kubectl` is the one above, manifests lie at hand."""
    programs, folder = tmp_path / "bin", tmp_path / "session"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl)
    shutil.copytree(HERE / "manifests", folder)
    with serving(tmp_path / "home", dns="10.213.0.2") as running:
        # Why: where a pod is gone and back within milliseconds, `kubectl delete` may wait for the new one. So
        # it may for the second of two that end at the same time, and no session deletes two at once.
        # Why so much: what `top` rounds up must be far from a whole millicore, for one pod and for two.
        running.engine.behave("*", ignores_sigterm=True, cores=0.0103, output=(("stdout", b"hello\n"),))
        config = tmp_path / "config"
        config.write_text(kubeconfig(running.access, "minisets"))
        yield (
            {
                "PATH": f"{programs}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "KUBECONFIG": str(config),
                "EDITOR": str(folder / "editor"),
                "TZ": "UTC",
            },
            folder,
        )
