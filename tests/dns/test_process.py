"""Process 1 over real processes on loopback."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minisets.dns.kept import KeptZone
from minisets.dns.zone import Zone
from tests.dns.process import (
    MODULE,
    NAMESPACE,
    ONE,
    REPOSITORY,
    SERVFAIL,
    TWO,
    WITHIN,
    Process1,
    addresses,
    children,
    crowd,
    plane,
    zone,
)
from tests.dns.resolver import answers, ask
from tests.dns.zones import NGINX
from tests.waiting import until

ONE_ZONE = f"zones.publish(zone(1, {ONE!r})); signal.pause()"
WAITING = ("sleep", "1000")
MEGABYTES = 1024
BIG = {"docker", "sqlite3", "aiohttp", "http", "ssl", "urllib3", "yaml", "click", "rich"}
BIG |= {"cryptography", "asyncio", "minisets.store", "minisets.dns.feed"}
_CLASSIC = 0x7FFFFFFF  # signals 1 to 31; the C library has two behind them for itself


# --- zones ---


def test_names_are_answered_from_the_zone_that_was_handed_over(tmp_path: Path) -> None:
    with Process1(tmp_path, plane(tmp_path, "zones.publish(zone(1, ONE, TWO)); signal.pause()")) as one:
        one.answers(ONE, TWO)


def test_before_the_first_zone_every_name_fails_and_none_is_denied(tmp_path: Path) -> None:
    """NXDOMAIN would be remembered."""
    with Process1(tmp_path, WAITING) as one:
        assert addresses(one.port) == [SERVFAIL]
        assert ask(one.port, "web-0").header.rcode == 2
        assert ask(one.port, "example.com").header.rcode == 2


def test_the_newest_zone_counts_and_an_older_one_that_comes_late_does_not(tmp_path: Path) -> None:
    does = """
zones.publish(zone(5, ONE))
zones.publish(zone(4))
zones.publish(zone(5, ONE, TWO))
zones.publish(zone(3))
(folder / "done").touch()
signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does), "--keep", str(tmp_path / "zone")) as one:
        one.answers(ONE, TWO)
        until((tmp_path / "done").exists, "the last zone")
        assert addresses(one.port) == [ONE, TWO]
        one.terminate()
        one.ended()
    assert KeptZone(tmp_path / "zone").read() == zone(5, ONE, TWO)


def test_the_first_zone_of_another_life_counts_whatever_its_version(tmp_path: Path) -> None:
    """A restored store begins a new count."""
    does = """
zones.publish(zone(900, ONE) if life == 1 else zone(2, TWO))
signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.answers(ONE)
        os.kill(children(one.pid)[0], signal.SIGKILL)
        one.answers(TWO)


def test_a_zone_outlives_the_control_plane_that_dies_right_after_it(tmp_path: Path) -> None:
    does = """
if life > 1:
    signal.pause()
zones.publish(zone(1, ONE))
zones.publish(zone(2, ONE, TWO))
os.kill(os.getpid(), signal.SIGKILL)
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.said("was ended by SIGKILL")
        assert addresses(one.port) == [ONE, TWO]


def test_half_a_zone_of_a_control_plane_that_died_is_no_zone(tmp_path: Path) -> None:
    does = """
if life == 1:
    zones.publish(zone(1, ONE))
    os.write(int(os.environ["MINISETS_ZONES"]), b"\\0\\0\\0\\x50{")
    sys.exit(4)
zones.publish(zone(1, ONE, TWO))
signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.said("ended with code 4")
        assert addresses(one.port) in ([ONE], [ONE, TWO])
        one.answers(ONE, TWO)
        assert "no zone" not in one.log


@pytest.mark.parametrize("garbage", ["Traceback (most recent call last)", "\0\0\0\2{}", "\0\0\0\0"])
def test_something_else_than_a_zone_closes_that_pipe_and_the_zone_stays(tmp_path: Path, garbage: str) -> None:
    does = f"""
zones.publish(zone(1, ONE))
if life == 1:
    os.write(int(os.environ["MINISETS_ZONES"]), {garbage.encode()!r})
    zones.publish(zone(2))
signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.said("is no zone, no more is taken from it")
        assert addresses(one.port) == [ONE]
        (child,) = children(one.pid)
        os.kill(child, signal.SIGKILL)
        one.said("was ended by SIGKILL")
        until(lambda: len((tmp_path / "lives").read_text().split()) == 2, "the next life")
        assert addresses(one.port) == [ONE]


def test_five_thousand_pods_are_handed_over_in_no_time(tmp_path: Path) -> None:
    """The least of three times: that is what it takes, whatever else the machine does."""
    does = """
large = {size: crowd(size) for size in (5000, 5001, 5002)}
zones.publish(zone(1, ONE))
for size in large:
    until((folder / str(size)).exists, "the start")
    zones.publish(large[size])
signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.answers(ONE)
        took = [_takes_in(one, tmp_path / str(size), f"web-{size - 1}") for size in (5000, 5001, 5002)]
        assert _resident(one.pid) < 64 * MEGABYTES
    assert min(took) < max(3, 30 * _reading(crowd(5000)))


# --- lives of the control plane ---


def test_no_question_is_lost_while_the_control_plane_is_killed_again_and_again(tmp_path: Path) -> None:
    with Process1(tmp_path, plane(tmp_path, ONE_ZONE)) as one:
        one.answers(ONE)
        killed: set[int] = set()
        asked = 0
        while len(killed) < 5 or asked < 500:
            assert addresses(one.port) == [ONE]
            asked += 1
            for child in set(children(one.pid)) - killed:
                os.kill(child, signal.SIGKILL)
                killed.add(child)
        assert len(one.said("was ended by SIGKILL", times=5)) >= 5


@pytest.mark.parametrize("code", [0, 3])
def test_whatever_its_code_it_is_started_again_and_each_time_later(tmp_path: Path, code: int) -> None:
    with Process1(tmp_path, ("sh", "-c", f"exit {code}")) as one:
        delays = one.said(rf"WARNING \S+ the control plane ended with code {code} after .* in (\S+) s\n", 4)
        assert delays[:4] == ["0.1", "0.2", "0.4", "0.8"]


def test_a_command_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    command = tmp_path / "late"
    with Process1(tmp_path, (str(command),)) as one:
        one.said("could not be started: .*No such file.* starts again in 0.2 s")
        command.write_text("#!/bin/sh\nexit 7\n")
        command.chmod(0o700)
        one.said("ended with code 7")


def test_it_leaves_when_no_control_plane_finds_an_engine_for_a_minute(tmp_path: Path) -> None:
    """A minute of a clock that runs twenty times as fast."""
    hasty = """
import logging, sys
from minisets.clock import SystemClock
from minisets.dns.kept import KeptZone
from minisets.dns.process import REFUSED, Process
from minisets.dns.server import DnsServer

class Hasty(SystemClock):
    def elapsed(self):
        return super().elapsed() * 20

logging.basicConfig()
server = DnsServer("127.0.0.1", 0, ()).start()
logging.warning("answers DNS at 127.0.0.1:%d", server.port)
try:
    sys.exit(Process(server, KeptZone(None), ["sh", "-c", f"exit {REFUSED}"], Hasty()).run())
finally:
    server.stop()
"""
    with Process1(tmp_path, (), module=(sys.executable, "-c", hasty)) as one:
        assert one.ended() == 1
        one.said("ended with code 75 after .*; it finds no engine for too long: this container ends")


def test_a_control_plane_inherits_the_pipe_and_no_other_file_nor_any_signal_of_ours(tmp_path: Path) -> None:
    script = f"exec >{tmp_path}/said; cat /proc/self/status; ls -l /proc/$$/fd; exec sleep 1000"
    with Process1(tmp_path, ("sh", "-c", script)):
        text = until(lambda: _whole(tmp_path / "said", "pipe:"), "what it inherited")
    signals = dict(line.split(":\t") for line in text.splitlines() if line.startswith("Sig"))
    assert int(signals["SigBlk"], 16) == 0
    assert int(signals["SigIgn"], 16) & _CLASSIC == 0
    files = [line.split()[-3] for line in text.splitlines() if " -> " in line]
    assert len(files) == 4
    assert {"0", "1", "2"} < set(files)


# --- its own end ---


def test_names_are_answered_until_the_control_plane_has_ended(tmp_path: Path) -> None:
    does = """
signal.signal(signal.SIGTERM, lambda *_: (folder / "told").touch())
zones.publish(zone(1, ONE))
until((folder / "go").exists, "leave to end")
sys.exit(9)
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.answers(ONE)
        one.terminate()
        until((tmp_path / "told").exists, "the signal in the control plane")
        assert addresses(one.port) == [ONE]
        one.terminate()
        one.terminate(signal.SIGINT)
        assert addresses(one.port) == [ONE]
        (tmp_path / "go").touch()
        assert one.ended() == 0
    assert len((tmp_path / "lives").read_text().split()) == 1


def test_an_interrupt_ends_it_as_well(tmp_path: Path) -> None:
    with Process1(tmp_path, plane(tmp_path, ONE_ZONE)) as one:
        one.answers(ONE)
        one.terminate(signal.SIGINT)
        assert one.ended() == 0


def test_a_control_plane_that_does_not_end_is_killed(tmp_path: Path) -> None:
    does = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
zones.publish(zone(1, ONE))
while True:
    signal.pause()
"""
    with Process1(tmp_path, plane(tmp_path, does)) as one:
        one.answers(ONE)
        one.terminate()
        one.said("did not end within 12 s: killed")
        assert one.ended() == 0


def test_it_ends_at_once_between_two_lives(tmp_path: Path) -> None:
    with Process1(tmp_path, ("false",)) as one:
        one.said("starts again in 5 s")
        one.terminate()
        assert one.ended() == 0
        assert one.log.count("starts again in 5 s") == 1


# --- the kept zone ---


def test_a_new_process_1_answers_from_the_zone_that_the_last_one_kept(tmp_path: Path) -> None:
    keep = ("--keep", str(tmp_path / "zone"))
    with Process1(tmp_path, plane(tmp_path, ONE_ZONE), *keep) as one:
        one.answers(ONE)
    assert stat.S_IMODE((tmp_path / "zone").stat().st_mode) == 0o600
    with Process1(tmp_path, WAITING, *keep) as one:
        assert addresses(one.port) == [ONE]


def test_a_damaged_kept_zone_is_said_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "zone").write_bytes(zone(1, ONE).to_bytes()[:-3])
    does = "until((folder / 'go').exists, 'the start'); zones.publish(zone(1, TWO)); signal.pause()"
    with Process1(tmp_path, plane(tmp_path, does), "--keep", str(tmp_path / "zone")) as one:
        one.said("is lost, a new one comes from the control plane")
        assert addresses(one.port) == [SERVFAIL]
        (tmp_path / "go").touch()
        one.answers(TWO)
    assert KeptZone(tmp_path / "zone").read() == zone(1, TWO)


def test_a_zone_that_cannot_be_kept_is_answered_from_all_the_same(tmp_path: Path) -> None:
    keep = str(tmp_path / "nowhere" / "zone")
    with Process1(tmp_path, plane(tmp_path, ONE_ZONE), "--keep", keep) as one:
        one.said(r"cannot be kept in \S+nowhere/zone: .*No such file")
        assert addresses(one.port) == [ONE]


# --- as process 1 ---


def test_as_process_1_it_reaps_orphans_and_ends_when_told(tmp_path: Path) -> None:
    ended = [tmp_path / name for name in ("a", "b", "c")]
    orphans = "; ".join(f"sh -c '(sleep 0.1; touch {file}) & exit 0'" for file in ended)
    with Process1(tmp_path, ("sh", "-c", f"{orphans}; exec sleep 1000"), inside=NAMESPACE) as one:
        for file in ended:
            until(file.exists, "the orphan's end")
        until(lambda: len(children(one.pid)) == 1, "the orphans to be reaped")
        one.terminate()
        assert one.ended() == 0
        assert "control plane" not in one.log


def test_it_is_small_and_has_nothing_of_the_control_plane_in_it(tmp_path: Path) -> None:
    with Process1(tmp_path, plane(tmp_path, "zones.publish(crowd(1000)); signal.pause()")) as one:
        until(
            lambda: answers(ask(one.port, f"web-999.{NGINX}")),
            "the last pod's name",
        )
        assert _resident(one.pid) < 30 * MEGABYTES
        loaded = Path(f"/proc/{one.pid}/maps").read_text()
        assert "_socket" in loaded
        for library in ("_sqlite3", "_ssl", "libssl", "libcrypto", "_hashlib", "_asyncio", "yaml", "_rust"):
            assert library not in loaded


def test_it_imports_no_big_dependency() -> None:
    program = f"import sys, minisets.dns.__main__; print(*sys.modules.keys() & {BIG!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


# --- how it is started ---


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--address", "127.0.0.1"], "no command stands behind --"),
        (["--address", "127.0.0.1", "--"], "no command stands behind --"),
        (["--", "true"], "required: --address"),
        (["--address", "127.0.0.1", "--port", "x", "--", "true"], "invalid int value"),
    ],
)
def test_what_is_missing_is_said(words: list[str], complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "minisets.dns", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert complaint in done.stderr


def test_an_address_that_cannot_be_had_is_said_in_one_line_and_ends_it() -> None:
    done = subprocess.run(
        [*MODULE, "--address", "192.0.2.1", "--port", "0", "--", "true"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "DNS cannot listen on 192.0.2.1:0" in done.stderr


def _takes_in(one: Process1, go: Path, last: str) -> float:
    """Seconds from the start of a handover until its last pod's name is answered."""
    assert not answers(ask(one.port, f"{last}.{NGINX}"))
    began = time.monotonic()
    go.touch()
    until(lambda: answers(ask(one.port, f"{last}.{NGINX}")), "the last pod's name", WITHIN)
    return time.monotonic() - began


def _reading(zone: Zone) -> float:
    """Seconds that this machine takes, as it is now, to do no more than read the zone."""
    data = zone.to_bytes()
    began = time.monotonic()
    _ = Zone.from_bytes(data).inner
    return time.monotonic() - began


def _resident(pid: int) -> int:
    """Its resident memory, KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _whole(file: Path, last: str) -> str:
    """The file's text, once it holds that."""
    text = file.read_text() if file.exists() else ""
    return text if last in text else ""
