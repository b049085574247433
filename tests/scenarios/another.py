"""Another minisets than this one: a copy of its code, with another content."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.scenarios.cluster import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def another_minisets(folder: Path, text: str = "# another one\n") -> Path:
    """A folder whose `minisets` differs in a comment, and so in its content."""
    shutil.copytree(ROOT / "minisets", folder / "minisets", ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "minisets/clock.py"
    file.write_text(file.read_text() + text)
    return folder
