"""The guards in conftest.py, shown by suites that break their rules."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


def _suite(folder: Path, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a suite of one file under this suite's conftest.py."""
    (folder / "test_it.py").write_text(textwrap.dedent(text))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", REPOSITORY / "pyproject.toml", folder],
        cwd=REPOSITORY,
        env={**os.environ, "MINISETS_WHOLE_SUITE": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_test_that_leaves_a_thread_fails(tmp_path: Path) -> None:
    result = _suite(
        tmp_path,
        """
        import threading

        def test_leaks():
            threading.Thread(target=threading.Event().wait, name="minisets-leak", daemon=True).start()
        """,
    )
    assert result.returncode == 1
    assert "the test left the thread 'minisets-leak' running" in result.stdout


def test_a_whole_run_below_the_recorded_minimum_fails(tmp_path: Path) -> None:
    text = "def test_passes(): pass\n"
    assert _suite(tmp_path, text).returncode == 0
    result = _suite(tmp_path, text, MINISETS_WHOLE_SUITE="1")
    assert result.returncode == 1
    assert "FAILED: 0 tests ran on a real Docker Engine; docker-tests-minimum records" in result.stdout


def test_without_an_engine_its_tests_fail_and_are_not_skipped(tmp_path: Path) -> None:
    text = "def test_asks(docker_engine): pass\n"
    result = _suite(tmp_path, text, DOCKER_HOST="unix:///nonexistent/docker.sock")
    assert result.returncode == 1
    assert "no Docker Engine answers at unix:///nonexistent/docker.sock" in result.stdout


@pytest.mark.docker
def test_what_a_test_cluster_leaves_on_the_engine_fails_the_session_and_is_removed(tmp_path: Path) -> None:
    text = """
        def test_leaks(docker_engine, cluster_name):
            docker_engine.volumes.create(cluster_name, labels={"dev.minisets.cluster": cluster_name})
    """
    result = _suite(tmp_path, text)
    assert result.returncode == 1
    said = next(line for line in result.stdout.splitlines() if "left over on the engine" in line)
    name = said.split()[-1]
    assert said == f"FAILED: left over on the engine, removed now: volume {name} of cluster {name}"
    left = subprocess.run(
        ["docker", "volume", "ls", "--quiet"], capture_output=True, text=True, timeout=10, check=True
    )
    assert name not in left.stdout
