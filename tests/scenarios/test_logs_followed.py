"""`logs -f` of all replicas on a real engine: no line twice, none lost, whatever dies meanwhile."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.scenarios.bare import BUSY
from tests.scenarios.cluster import DEADLINE, SOON
from tests.waiting import until

if TYPE_CHECKING:
    from tests.scenarios.cluster import Cluster, Running

pytestmark = pytest.mark.docker

LONG = 40_000
"""More than the engine holds in one piece of a line."""
TALKERS = f"""\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: talk}}
spec:
  serviceName: talk
  replicas: 2
  podManagementPolicy: Parallel
  selector: {{matchLabels: {{app: talk}}}}
  template:
    metadata: {{labels: {{app: talk}}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: talk
        image: "{BUSY}"
        command:
        - sh
        - -c
        - |
          trap 'touch /end' TERM
          run=$(cut -d' ' -f1 /proc/uptime)
          number=0
          while ! [ -e /end ]; do
            echo "$run $number"
            number=$((number + 1))
            [ $((number % 100)) = 0 ] && head -c {LONG} /dev/zero | tr '\\0' x && echo
            usleep 2000
          done
          exit 1
"""


def runs(talking: Running) -> dict[str, list[tuple[str, int]]]:
    """Of each pod, the run and the number of each line."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for line in talking.lines():
        if line.startswith("[talk-") and "xxx" not in line:
            prefix, run, number = line.split(" ")
            found[prefix.strip("[]")].append((run, int(number)))
    return found


def is_in(talking: Running, pod: str, run: int) -> bool:
    """Whether lines of the pod's run-th run were printed."""
    return len(dict.fromkeys(run for run, _ in runs(talking)[pod])) > run


def test_every_line_of_all_replicas_is_printed_once(cluster: Cluster) -> None:
    cluster.minisets("up", "-f", "-", given=TALKERS).succeeded()
    talking = cluster.running("logs", "-f", "sts/talk", "--all")
    until(lambda: is_in(talking, "talk-0", 0) and is_in(talking, "talk-1", 0), "both to talk", DEADLINE)

    # a container ends by itself, one while nobody serves
    cluster.inside("talk-0", "touch /end")
    until(lambda: is_in(talking, "talk-0", 1), "another run of talk-0", DEADLINE)
    cluster.engine.containers.get(cluster.named("talk-1")).exec_run(["touch", "/end"], detach=True)
    cluster.kill_control_plane()
    talking.until_printed("the server went away: waiting for it")
    until(lambda: is_in(talking, "talk-1", 1), "another run of talk-1", DEADLINE)

    # a pod is replaced, and one is new
    cluster.minisets("delete-pod", "talk-0").succeeded()
    until(lambda: is_in(talking, "talk-0", 2), "lines of the new talk-0", DEADLINE)
    cluster.minisets("scale", "sts/talk", "--replicas", "3").succeeded()
    until(lambda: is_in(talking, "talk-2", 0), "lines of talk-2", DEADLINE)

    cluster.minisets("delete", "sts", "talk").succeeded()
    ended = talking.ended(SOON).succeeded()
    assert "statefulset.apps/talk is gone, and its pods with it: nothing more will come" in ended.err
    for pod, lines in runs(talking).items():
        for run in dict.fromkeys(run for run, _ in lines):
            numbers = [number for seen, number in lines if seen == run]
            assert numbers == list(range(len(numbers))), f"of {pod}, run {run}"
    long = [line for line in ended.out.splitlines() if "xxx" in line]
    assert long
    assert {line.partition(" ")[2].strip("x") for line in long} == {""}, "stamps within long lines"
    assert {len(line.partition(" ")[2]) for line in long[:-3]} == {LONG}
