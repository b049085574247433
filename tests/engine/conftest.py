"""What tests of the sandbox's program share."""

from pathlib import Path

import pytest

from minisets.engine import pause
from tests.engine.pausing import ARCHITECTURES, emulator


@pytest.fixture(params=ARCHITECTURES)
def program(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The program as a command: as it is on its own architecture, emulated elsewhere."""
    path = tmp_path / "pause"
    path.write_bytes(pause.binary(request.param))
    path.chmod(0o755)
    return [*emulator(request.param), str(path)]
