"""The sandbox's program as a command, for tests."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
ARCHITECTURES = ["amd64", "arm64"]
EMULATORS = {"amd64": "qemu-x86_64", "arm64": "qemu-aarch64"}


def emulator(architecture: str) -> list[str]:
    """What a program of that architecture has to be begun with here."""
    if architecture == ARCHITECTURE:
        return []
    name = EMULATORS[architecture]
    if found := shutil.which(name) or shutil.which(f"{name}-static"):
        return [found]
    pytest.skip(f"no {name} here: scripts/setup tests installs it as root on Debian or Ubuntu")


def run(program: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=10, check=False)
