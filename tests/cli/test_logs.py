"""`minisets logs`, against a whole server; what goes on printing is a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from minisets.cli import log_funnel
from minisets.cli.log_lines import Shape
from minisets.cli.log_sources import Manner, Outlet, Source
from minisets.client.requests import ApiClient
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true
from tests.waiting import until
from tests.whole import pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from minisets.engine.memory import MemoryEngine
    from minisets.objects.kinds import Object
    from tests.cli.conftest import Run
    from tests.whole import Whole

WEB = Ref("StatefulSet", "default", "web")


def statefulset(replicas: int, *containers: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "web",
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "nginx"}},
            "podManagementPolicy": "Parallel",
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{"name": name, "image": f"{name}:1"} for name in containers or ("nginx",)],
                },
            },
        },
    }


@pytest.fixture
def web(whole: Whole) -> Web:
    """Two replicas, none of which has said anything."""
    whole.client.create("StatefulSet", "default", statefulset(2))
    made = Web(whole)
    made.until_ready("web-0", "web-1")
    return made


class Web:
    """A statefulset's pods, to be written for and to be ended."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.engine: MemoryEngine = whole.engine

    def status(self, name: str, container: str = "nginx") -> dict[str, Any]:
        found = self.whole.client.get(Ref("Pod", "default", name)) or {}
        statuses = (found.get("status") or {}).get("containerStatuses") or ()
        return next((one for one in statuses if one["name"] == container), {})

    def until_ready(self, *names: str) -> None:
        for name in names:
            until(lambda name=name: self._is_ready(name), f"{name} to be ready")  # type: ignore[misc] # a lambda's default

    def _is_ready(self, name: str) -> bool:
        found = self.whole.client.get(Ref("Pod", "default", name))
        return found is not None and is_true(found, "Ready")

    def run_of(self, name: str, container: str = "nginx") -> str:
        return str(self.status(name, container)["containerID"]).removeprefix("docker://")

    def says(self, name: str, *lines: str, container: str = "nginx") -> None:
        for line in lines:
            self.engine.write_log(self.run_of(name, container), f"{line}\n".encode())

    def restart(self, name: str) -> None:
        before = self.run_of(name)
        self.engine.exit(before)
        self.until_run_after(before, name)

    def until_run_after(self, before: str, name: str) -> None:
        def is_another() -> bool:
            status = self.status(name)
            return "running" in status.get("state", {}) and before not in status["containerID"]

        until(is_another, f"another run of {name}", timedelta(seconds=60))

    def scale(self, replicas: int) -> None:
        self.whole.client.patch(WEB, {"spec": {"replicas": replicas}}, form="merge")

    def replace(self, name: str) -> None:
        uid = self.whole.client.read(Ref("Pod", "default", name))["metadata"]["uid"]
        self.whole.client.delete(Ref("Pod", "default", name))
        until(lambda: self._uid(name) not in ("", uid), "another pod")
        self.until_ready(name)

    def _uid(self, name: str) -> str:
        found = self.whole.client.get(Ref("Pod", "default", name))
        return str(found["metadata"]["uid"]) if found else ""


class Following:
    """A command that goes on printing."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self._folder = folder

    @property
    def out(self) -> list[str]:
        return (self._folder / "out").read_text().splitlines()

    @property
    def err(self) -> str:
        return (self._folder / "err").read_text()

    def until(self, *lines: str) -> None:
        until(lambda: set(lines) <= set(self.out), f"{lines} in {self.out}, {self.err}")

    def until_said(self, text: str, within: timedelta = timedelta(seconds=10)) -> None:
        until(lambda: text in self.err, f"{text} in {self.err}", within)

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@pytest.fixture
def follow(whole: Whole, tmp_path: Path) -> Iterator[Callable[..., Following]]:
    del whole
    with contextlib.ExitStack() as stack:

        def begun(*argv: str) -> Following:
            out = stack.enter_context((tmp_path / "out").open("wb"))
            err = stack.enter_context((tmp_path / "err").open("wb"))
            words = [sys.executable, "-m", "minisets", "logs", *argv]
            process = stack.enter_context(subprocess.Popen(words, stdout=out, stderr=err))
            stack.callback(process.kill)
            return Following(process, tmp_path)

        yield begun


# --- of one pod ---


def test_a_pods_log_is_printed_as_it_is(run: Run, web: Web) -> None:
    web.says("web-0", "one", "two")
    web.engine.write_log(web.run_of("web-0"), b"and no end")
    for word in ("web-0", "pod/web-0"):
        assert run("logs", word).out == "one\ntwo\nand no end"
    assert run("logs", "web-0", "nginx", "--tail", "2").out == "two\nand no end"
    assert run("logs", "web-0", "--limit-bytes", "5").out == "one\nt"
    assert run("logs", "web-0", "--since", "1h").out == "one\ntwo\nand no end"
    assert run("logs", "web-0", "--since-time", "2100-01-01T00:00:00Z").out == ""
    assert run("logs", "web-0", "--tail", "1", "--prefix").out == "[pod/web-0/nginx] and no end\n"
    stamped = run("logs", "web-0", "--timestamps").out.splitlines()[0]
    assert stamped.endswith("Z one")


def test_a_followed_pod_ends_with_its_container(run: Run, web: Web) -> None:
    """As kubectl's does."""
    web.says("web-0", "one")
    ended = web.run_of("web-0")
    web.engine.fail_next("create_container", RuntimeError("not now"), times=100)
    web.engine.exit(ended)
    assert run("logs", "-f", "web-0").out == "one\n"


def test_what_is_not_there_is_said_in_kubectls_words(run: Run, web: Web) -> None:
    del web
    for argv, said in (
        (("web-9",), 'pods "web-9" not found'),
        (("web-0", "-c", "no"), "container no is not valid for pod web-0"),
        (("web-0", "-p"), 'previous terminated container "nginx" in pod "web-0" not found'),
        (("sts/db",), 'statefulsets.apps "db" not found'),
    ):
        ran = run("logs", *argv)
        assert (ran.code, ran.out, ran.err) == (1, "", f"Error: {said}\n")
    refused = run("logs", "secret/web")
    assert (refused.code, refused.err) == (
        2,
        "Error: cannot get the logs from secret/web: it has no pods of its own\n",
    )


def test_of_several_containers_the_first_is_printed_and_that_is_said(run: Run, whole: Whole) -> None:
    whole.client.create("StatefulSet", "default", statefulset(1, "nginx", "side"))
    web = Web(whole)
    web.until_ready("web-0")
    web.says("web-0", "one")
    web.says("web-0", "two", container="side")
    ran = run("logs", "web-0")
    assert (ran.out, ran.err) == ("one\n", 'Defaulted container "nginx" out of: nginx, side\n')
    assert run("logs", "web-0", "side").out == "two\n"
    assert run("logs", "web-0", "--all-containers").out == "one\ntwo\n"
    assert run("logs", "sts/web", "--all", "--all-containers").out == "[web-0/nginx] one\n[web-0/side] two\n"


def test_the_run_before_is_printed_with_p(run: Run, web: Web) -> None:
    web.says("web-0", "before")
    web.restart("web-0")
    web.says("web-0", "after")
    assert run("logs", "web-0", "-p").out == "before\n"
    assert run("logs", "web-0").out == "after\n"


# --- of a statefulset ---


def test_of_a_statefulset_the_first_pod_is_printed_and_which_is_said(run: Run, web: Web) -> None:
    web.says("web-0", "zero")
    web.says("web-1", "one")
    ran = run("logs", "sts/web")
    taken = ran.err.removeprefix("Found 2 pods, using pod/").strip()
    assert (taken, ran.out) in (("web-0", "zero\n"), ("web-1", "one\n"))
    web.scale(0)
    until(lambda: not web.whole.client.select("Pod").items, "no pods")
    ran = run("logs", "sts/web")
    assert (ran.code, ran.err) == (
        1,
        "Error: statefulset.apps/web has no pods: see `minisets describe statefulset web`\n",
    )
    assert run("logs", "sts/web", "--all").err == "No resources found in default namespace.\n"


def test_all_replicas_are_printed_by_ordinal_each_whole(run: Run, web: Web) -> None:
    web.says("web-1", "one", "two")
    web.engine.write_log(web.run_of("web-0"), b"zero")
    assert run("logs", "statefulset/web", "--all").out == "[web-0] zero\n[web-1] one\n[web-1] two\n"
    assert run("logs", "statefulset/web", "--all", "--prefix", "--tail=1").out == (
        "[pod/web-0/nginx] zero\n[pod/web-1/nginx] two\n"
    )


def test_a_pod_with_the_sets_labels_is_none_of_its_replicas(run: Run, web: Web) -> None:
    web.whole.client.create("Pod", "default", pod("alone", app="nginx"))
    web.until_ready("alone")
    web.says("alone", "me")
    web.says("web-0", "zero")
    assert run("logs", "sts/web", "--all").out == "[web-0] zero\n"
    assert run("logs", "-l", "app=nginx").out == "me\nzero\n"


def test_of_a_selectors_pods_the_last_ten_lines_are_printed(run: Run, web: Web) -> None:
    """As with kubectl, and without a prefix."""
    web.says("web-0", *map(str, range(12)))
    web.says("web-1", "last")
    assert run("logs", "-l", "app=nginx").out.split() == [*map(str, range(2, 12)), "last"]
    assert run("logs", "-l", "app=nginx", "--tail=-1").out.split() == [*map(str, range(12)), "last"]
    assert run("logs", "-l", "app=nginx", "--tail=1", "--all").out == "[web-0] 11\n[web-1] last\n"
    none = run("logs", "-l", "app=none")
    assert (none.code, none.out, none.err) == (0, "", "No resources found in default namespace.\n")


def test_a_services_pods_are_found_by_its_selector(run: Run, web: Web) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"clusterIP": "None", "selector": {"app": "nginx"}, "ports": [{"port": 80}]},
    }
    web.whole.client.create("Service", "default", service)
    web.says("web-0", "zero")
    assert run("logs", "svc/web", "--all").out == "[web-0] zero\n"


def test_one_that_is_refused_is_told_and_the_others_are_printed(run: Run, web: Web) -> None:
    web.says("web-1", "one")
    waiting = web.run_of("web-0")
    web.engine.miss_image("nginx:1")
    web.engine.refuse_pull("nginx:1", "no such manifest")
    web.whole.client.delete(Ref("Pod", "default", "web-0"))
    until(lambda: "waiting" in web.status("web-0").get("state", {}), "a pod that waits")
    assert web.status("web-0").get("containerID", "") != waiting
    ran = run("logs", "sts/web", "--all")
    assert (ran.code, ran.out) == (1, "[web-1] one\n")
    assert ran.err.startswith('Error: container "nginx" in pod "web-0" is waiting to start: ')


# --- followed ---


def test_replicas_are_followed_over_restarts_replacements_and_a_scale_up(
    web: Web, follow: Callable[..., Following]
) -> None:
    web.says("web-0", "zero")
    following = follow("-f", "sts/web", "--all")
    following.until("[web-0] zero")
    web.says("web-1", "one")
    web.restart("web-0")
    web.says("web-0", "zero again")
    following.until("[web-1] one", "[web-0] zero again")
    web.replace("web-1")
    web.says("web-1", "another one")
    web.scale(3)
    web.until_ready("web-2")
    web.says("web-2", "two")
    following.until("[web-1] another one", "[web-2] two")
    assert following.interrupted() == 130
    assert sorted(following.out) == sorted(
        ("[web-0] zero", "[web-1] one", "[web-0] zero again", "[web-1] another one", "[web-2] two")
    )
    assert following.err == "interrupted\n"


def test_no_line_is_lost_or_printed_twice_over_an_outage(web: Web, follow: Callable[..., Following]) -> None:
    """Lines of one moment, lines of a run that ended meanwhile, and a restart."""
    web.engine.write_log(web.run_of("web-0"), b"same\nsame\nlast\n")
    following = follow("-f", "sts/web", "--all")
    following.until("[web-0] last")
    web.says("web-1", "one")
    following.until("[web-1] one")
    first = web.run_of("web-0")
    with web.whole.outage():
        following.until_said("the server went away: waiting for it")
        web.engine.write_log(first, b"meanwhile\nsame\n")
        web.engine.exit(first)
    until(lambda: web.status("web-0")["restartCount"] == 1, "another run")
    web.until_ready("web-0")
    web.says("web-0", "after")
    web.says("web-1", "two")
    following.until("[web-0] after", "[web-1] two")
    assert following.interrupted() == 130
    zero = [line.removeprefix("[web-0] ") for line in following.out if "web-0" in line]
    assert zero == ["same", "same", "last", "meanwhile", "same", "after"]
    assert [line for line in following.out if "web-1" in line] == ["[web-1] one", "[web-1] two"]


class Looking(ApiClient):
    """Counts the looks at pods."""

    looks = 0

    def get(self, ref: Ref) -> Object | None:
        found = super().get(ref)
        self.looks += 1
        return found


@contextlib.contextmanager
def quiet_log_read(web: Web, **query: str) -> Iterator[list[bytes]]:
    """What is printed of web-1's log, of which an answer has begun with nothing in it."""
    printed: list[bytes] = []
    funnel, client = log_funnel.Funnel(), Looking(web.whole.access)
    manner = Manner(Shape(), query, limit=None, is_new=False)
    outlet = Outlet(funnel, tell=lambda _: None, left=funnel.end)
    source = Source(client, client.read(Ref("Pod", "default", "web-1")), "nginx", manner, outlet)
    printing = threading.Thread(target=lambda: printed.extend(iter(funnel.take, b"")))
    with contextlib.ExitStack() as stack:
        stack.callback(client.close)
        printing.start()
        stack.callback(printing.join)
        source.start()
        stack.callback(source.join, timedelta(seconds=20))
        stack.callback(source.close)
        until(lambda: client.looks == 2, "a look before the answer and one when it has begun")
        yield printed


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize(("before", "tail"), [(b"before\n", "0"), (b"", "10")])
def test_a_log_that_was_quiet_loses_nothing_over_an_outage(
    web: Web, before: bytes, tail: str, *, dies: bool
) -> None:
    """A tail is of what was there when it was asked for, not of what came while the server was away."""
    run, said = web.run_of("web-1"), b"".join(b"%d\n" % number for number in range(50))
    web.engine.write_log(run, before)
    written = int(time.time())
    until(lambda: int(time.time()) > written, "the next second: an answer's Date has no smaller ones")
    with quiet_log_read(web, tailLines=tail) as printed:
        with web.whole.outage():
            web.engine.write_log(run, said)
            if dies:
                web.engine.exit(run)
        until(lambda: said in b"".join(printed), "all that was said meanwhile", timedelta(seconds=20))
    assert b"".join(printed) == said


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_happens_each_line_is_printed_once_and_in_its_order(
    web: Web, follow: Callable[..., Following], seed: int
) -> None:
    """A pod's second restart would be put off; a new pod has another first one.

    Why both are read before an outage: a client that connects while the server ends may leave that a socket.
    """
    chance, told = random.Random(seed), Told(web, seed)
    following = follow("-f", "sts/web", "--all")
    for happens in chance.choices(("nothing", "restart", "outage", "outage and restart"), k=12):
        name = chance.choice(("web-0", "web-1"))
        for each in ("web-0", "web-1"):
            told.more(each)
            following.until(*told.lines(each)[-1:])
        if "restart" in happens and web.status(name)["restartCount"]:
            web.replace(name)
        run = web.run_of(name)
        with web.whole.outage() if "outage" in happens else contextlib.nullcontext():
            told.more(name, run)
            if "restart" in happens:
                web.engine.exit(run)
        if "restart" in happens:
            web.until_run_after(run, name)
    for name in ("web-0", "web-1"):
        following.until(*told.lines(name))
    assert following.interrupted() == 130
    for name in ("web-0", "web-1"):
        assert [line for line in following.out if line.startswith(f"[{name}]")] == told.lines(name)


class Told:
    """Numbered lines of each pod, whichever runs and pods of that name there are."""

    def __init__(self, web: Web, seed: int) -> None:
        self._web = web
        self._chance = random.Random(seed)
        self._counts: Counter[str] = Counter()

    def more(self, name: str, run: str = "") -> None:
        first = self._counts[name]
        self._counts[name] += self._chance.randint(1, 500)
        lines = "".join(f"{number}\n" for number in range(first, self._counts[name]))
        self._web.engine.write_log(run or self._web.run_of(name), lines.encode())

    def lines(self, name: str) -> list[str]:
        return [f"[{name}] {number}" for number in range(self._counts[name])]


def test_a_statefulset_that_is_deleted_ends_it_with_a_line(
    web: Web, follow: Callable[..., Following]
) -> None:
    web.says("web-0", "zero")
    web.says("web-1", "one")
    following = follow("-f", "sts/web", "--all", "--timestamps")
    until(lambda: len(following.out) == 2, "a line of each: both are followed")
    web.whole.client.delete(WEB)
    assert following.process.wait(20) == 0
    said = "statefulset.apps/web is gone, and its pods with it: nothing more will come\n"
    assert following.err == said
    zero, one = sorted(following.out)
    assert zero.startswith("[web-0] 2")
    assert zero.endswith("Z zero")
    assert one.startswith("[web-1] 2")
    assert one.endswith("Z one")


def test_one_that_waits_to_start_is_told_waited_for_and_then_read(
    whole: Whole, follow: Callable[..., Following], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minisets.kubelet.images.pulling._SHOWN_AS_ERROR", timedelta(minutes=1))
    whole.engine.miss_image("nginx:1")
    whole.engine.refuse_pull("nginx:1", "no such manifest")
    whole.client.create("StatefulSet", "default", statefulset(1))
    following = follow("-f", "sts/web", "--all")
    following.until_said("pod/web-0: container nginx is waiting to start: ErrImagePull: ")
    whole.engine.allow_pull("nginx:1")
    web = Web(whole)
    whole.client.delete(Ref("Pod", "default", "web-0"))
    web.until_ready("web-0")
    web.says("web-0", "here")
    following.until("[web-0] here")
    assert following.interrupted() == 130


def test_a_selectors_pods_are_followed_and_those_that_come(
    web: Web, follow: Callable[..., Following]
) -> None:
    following = follow("-f", "-l", "app=nginx", "--prefix", "--limit-bytes", "7")
    web.says("web-0", "a long line")
    following.until("[pod/web-0/nginx] a long ")
    web.whole.client.create("Pod", "default", pod("late", app="nginx"))
    web.until_ready("late")
    web.says("late", "late")
    following.until("[pod/late/nginx] late")
    assert following.interrupted() == 130


def test_a_pods_containers_are_followed_until_it_is_gone(
    whole: Whole, follow: Callable[..., Following]
) -> None:
    whole.client.create("StatefulSet", "default", statefulset(1, "nginx", "side"))
    web = Web(whole)
    web.until_ready("web-0")
    following = follow("-f", "web-0", "--all-containers", "--prefix")
    web.says("web-0", "one")
    web.says("web-0", "two", container="side")
    following.until("[pod/web-0/nginx] one", "[pod/web-0/side] two")
    web.whole.client.delete(Ref("Pod", "default", "web-0"))
    assert following.process.wait(20) == 0
    assert following.err == ""


def test_colours_are_for_terminals_that_want_them(web: Web) -> None:
    web.says("web-1", "one")
    assert printed_on_a_terminal() == "\x1b[33m[web-1]\x1b[0m one\r\n"
    assert printed_on_a_terminal(NO_COLOR="1") == "[web-1] one\r\n"
    assert printed_on_a_terminal(TERM="dumb") == "[web-1] one\r\n"


def printed_on_a_terminal(**environment: str) -> str:
    ours, theirs = os.openpty()
    words = [sys.executable, "-m", "minisets", "logs", "sts/web", "--all"]
    without = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(words, stdout=theirs, env={**without, "TERM": "xterm", **environment}) as process:
        process.wait(20)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as file:
        return file.read(1000).decode()


@pytest.mark.parametrize("argv", [("web-0",), ("-f", "sts/web", "--all")])
def test_a_reader_that_goes_away_ends_it_quietly(web: Web, argv: tuple[str, ...]) -> None:
    web.engine.write_log(web.run_of("web-0"), b"a line\n" * 100_000)
    words = [sys.executable, "-m", "minisets", "logs", *argv]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith(b"a line\n")
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(20), said) == (141, b"")


def test_readers_wait_for_who_prints() -> None:
    funnel = log_funnel.Funnel(at_most=10)
    assert funnel.put(b"x" * 10)
    funnel.end()
    assert funnel.take() == b"x" * 10
    assert funnel.take() == b""
    funnel.put(b"x" * 10)
    funnel.close()
    assert not funnel.put(b"more")
    assert funnel.take() == b""


def test_what_cannot_be_asked_twice_is_said_once(run: Run, whole: Whole) -> None:
    made = statefulset(2, "nginx", "side")
    made["spec"]["template"]["metadata"]["annotations"] = {"kubectl.kubernetes.io/default-container": "side"}
    whole.client.create("StatefulSet", "default", json.loads(json.dumps(made)))
    web = Web(whole)
    web.until_ready("web-0", "web-1")
    web.says("web-0", "zero", container="side")
    ran = run("logs", "sts/web", "--all")
    assert (ran.out, ran.err) == ("[web-0] zero\n", "")
