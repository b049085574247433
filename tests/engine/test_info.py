import pytest

from minisets.clock import FakeClock
from minisets.engine.memory import MemoryEngine


@pytest.mark.parametrize(
    ("version", "has_recursion", "has_sub_paths"),
    [
        ("1.41", False, False),
        ("1.44", True, False),
        ("1.45", True, True),
        ("1.100", True, True),
        ("2.0", True, True),
    ],
)
def test_what_an_engine_can_do_follows_from_its_version(
    version: str, *, has_recursion: bool, has_sub_paths: bool
) -> None:
    engine = MemoryEngine(FakeClock())
    engine.api_version = version
    info = engine.info()
    assert (info.has_recursion, info.has_sub_paths) == (has_recursion, has_sub_paths)
