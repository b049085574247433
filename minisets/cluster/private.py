"""Files that only their owner may read: kubeconfig, keys, token, port, logins."""

from __future__ import annotations

import io
import os
import secrets
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step with one that only its owner can read (0600)."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def private_archive(files: Mapping[str, bytes], folder: str = "") -> bytes:
    """A tar with these files, for root's eyes only; with the folder that they are in, if that is named."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        if folder:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o700
            tar.addfile(entry)
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}".lstrip("/"))
            entry.mode, entry.size = 0o600, len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
