"""The zone at rest."""

import logging
import stat
from pathlib import Path

import pytest

from minisets.dns.kept import KeptZone
from tests.dns.process import ONE, zone
from tests.dns.zones import web


def test_what_was_kept_is_read_by_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "zone"
    KeptZone(file).keep(web())
    assert KeptZone(file).read() == web()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [file]


def test_without_a_file_nothing_is_kept_nor_read(tmp_path: Path) -> None:
    kept = KeptZone(None)
    kept.keep(web())
    assert kept.read() is None
    assert KeptZone(tmp_path / "zone").read() is None


def test_the_same_zone_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "zone"
    KeptZone(file).keep(zone(1, ONE))
    kept = KeptZone(file)
    kept.read()
    before = file.stat().st_ino
    kept.keep(zone(1, ONE))
    assert file.stat().st_ino == before
    kept.keep(zone(2, ONE))
    assert file.stat().st_ino != before


@pytest.mark.parametrize("data", [b"", b"{}", b"\0" * 100, web().to_bytes()[:-1]])
def test_a_damaged_file_is_no_zone_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    (tmp_path / "zone").write_bytes(data)
    assert KeptZone(tmp_path / "zone").read() is None
    assert "is lost, a new one comes from the control plane" in caplog.text


def test_a_file_of_the_past_is_no_obstacle_and_no_way_elsewhere(tmp_path: Path) -> None:
    """A process 1 that died while it wrote leaves its half; a link must not be followed."""
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / ".zone.new").symlink_to(tmp_path / "elsewhere")
    KeptZone(tmp_path / "zone").keep(web())
    assert KeptZone(tmp_path / "zone").read() == web()
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_what_could_not_be_written_is_said_and_written_as_soon_as_it_can_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    kept = KeptZone(tmp_path / "later" / "zone")
    kept.keep(web())
    assert "cannot be kept" in caplog.text
    (tmp_path / "later").mkdir()
    kept.keep(web())
    assert KeptZone(tmp_path / "later" / "zone").read() == web()
