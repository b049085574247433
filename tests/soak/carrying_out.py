"""Carries one operation out, through the API, the command line and the engine; says what came of it.

The expectations are told before anything is asked, as the effect may come before the answer. While no server
answers, the request is made again, as a person would: all of them may be made twice.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import yaml
from docker.errors import APIError, NotFound

from minisets import errors
from minisets.engine import labels
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, uid_of
from tests.soak.policies import claim, claim_name, statefulset
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object
    from tests.engines import PrivateEngine
    from tests.scenarios.cluster import Cluster
    from tests.soak.drawing import Operation
    from tests.soak.expectations import Expectations

ANSWERED = timedelta(seconds=150)
"""As long as the control container may take to come back after its engine."""

GONE = timedelta(seconds=120)
_KILL = 'kill -9 $(cat "/proc/$1/task/$1/children")'
Answer = TypeVar("Answer")


class Hands:
    """alone: the operation meets a quiet cluster, and no other comes before its work is done."""

    def __init__(
        self, cluster: Cluster, engine: PrivateEngine, expected: Expectations, untie: Callable[[], None]
    ) -> None:
        """untie: does what only a person can, where objects wait for each other."""
        self._cluster = cluster
        self._engine = engine
        self._expected = expected
        self._untie = untie

    def carry_out(self, operation: Operation, *, alone: bool) -> str:
        """The outcome in a word or two."""
        name, kind = operation.statefulset, operation.kind
        pod = Ref("Pod", "default", f"{name}-{operation.ordinal}")
        match kind:
            case "delete pod":
                return self._delete(pod)
            case "force delete pod":
                return self._delete(pod, grace=0)
            case "kill container" | "kill sandbox":
                return self._kill_container(pod.name, kind.removeprefix("kill "))
            case "delete claim":
                return self._delete_claim(name, operation.ordinal)
            case "replace claim":
                return self._replace_claim(name, operation.ordinal, pod)
            case "scale":
                return self._scale(name, operation.replicas, alone=alone)
            case "create set":
                return self._create(name, operation.replicas)
            case "kill control plane":
                return self._kill_control_plane()
            case "restart dockerd":
                self._engine.stop()
            case "kill dockerd":
                self._engine.kill()
            case _:
                return self._delete_set(name, kind.rpartition(" ")[2], alone=alone)
        self._engine.start()
        return "started again"

    # --- requests ---

    def asked(self, request: Callable[[ApiClient], Answer]) -> Answer:
        """The answer, once there is one; what the server refuses is raised."""
        answers: list[Answer] = []

        def answered() -> bool:
            try:
                with self._cluster.api() as api:
                    answers.append(request(api))
            except errors.ApiError as error:
                if error.code >= 500:
                    return False
                raise
            except errors.MinisetsError:
                return False
            return True

        until(answered, "a server that answers", ANSWERED)
        return answers[0]

    def _get(self, ref: Ref) -> Object | None:
        return self.asked(lambda api: api.get(ref))

    def _delete(self, ref: Ref, *, grace: int | None = None, propagation: str = "Background") -> str:
        """The object that is there now, and no successor."""
        found = self._get(ref)
        if found is None:
            return "not there"
        uid = uid_of(found)
        try:
            self.asked(lambda api: api.delete(ref, grace=grace, propagation=propagation, uid=uid))
        except (errors.NotFound, errors.Conflict):
            return "gone meanwhile"
        return "deleted"

    # --- sets ---

    def _scale(self, name: str, replicas: int, *, alone: bool) -> str:
        self._expected.scaled(name, replicas, alone=alone)
        ref, patch = Ref("StatefulSet", "default", name), {"spec": {"replicas": replicas}}
        self.asked(lambda api: api.patch(ref, patch, form="merge"))
        return "scaled"

    def _create(self, name: str, replicas: int) -> str:
        """Once the former one is gone, and in the shape of a person's file."""

        def is_gone() -> bool:
            self._untie()
            return self._get(Ref("StatefulSet", "default", name)) is None

        until(is_gone, f"the former statefulset {name} to go", GONE)
        self._expected.scaled(name, replicas)
        file = yaml.safe_dump(statefulset(self._expected.policies[name], replicas))
        self._cluster.minisets("up", "-f", "-", "--no-wait", given=file, within=ANSWERED).succeeded()
        return "created"

    def _delete_set(self, name: str, propagation: str, *, alone: bool) -> str:
        self._expected.deleted(name, propagation, alone=alone)
        ref = Ref("StatefulSet", "default", name)
        return self._delete(ref, propagation=propagation.capitalize())

    # --- claims ---

    def _delete_claim(self, name: str, ordinal: int) -> str:
        ref = Ref("PersistentVolumeClaim", "default", claim_name(name, ordinal))
        found = self._get(ref)
        if found is None:
            return "not there"
        self._expected.claim_deleted(found)
        try:
            self.asked(lambda api: api.delete(ref, uid=uid_of(found)))
        except (errors.NotFound, errors.Conflict):
            return "gone meanwhile"
        return "deleted already" if is_being_deleted(found) else "deleted"

    def _replace_claim(self, name: str, ordinal: int, pod: Ref) -> str:
        """Deleted with its pod, and made anew by hand: the set's controller may be quicker."""
        ref = Ref("PersistentVolumeClaim", "default", claim_name(name, ordinal))
        before = self._get(ref)
        self._delete_claim(name, ordinal)
        self._delete(pod)

        def is_gone() -> bool:
            self._untie()
            found = self._get(ref)
            return found is None or before is None or uid_of(found) != uid_of(before)

        until(is_gone, f"the end of claim {ref.name}", GONE)
        body = claim(self._expected.policies[name], ordinal)
        try:
            self.asked(lambda api: api.create(ref.kind, "default", body))
        except errors.AlreadyExists:
            return "made anew by the set"
        return "made anew by hand"

    # --- processes ---

    def _kill_container(self, pod: str, part: str) -> str:
        wanted = {labels.CLUSTER: self._cluster.name, labels.POD: pod, labels.KIND: part}
        selector = {"label": [f"{key}={value}" for key, value in wanted.items()]}
        found = self._cluster.engine.api.containers(filters=selector)
        killed = 0
        for each in found:
            try:
                self._cluster.engine.api.kill(each["Id"])
                killed += 1
            except APIError:  # it ended meanwhile
                continue
        return f"killed {killed}" if killed else "not there"

    def _kill_control_plane(self) -> str:
        """The child of process 1 in the control container, as the engine's own namespaces number it."""
        try:
            first = str(self._cluster.control()["State"]["Pid"])
        except NotFound:
            return "not there"
        kill = self._engine.inside("sh", "-c", _KILL, "sh", first, mounts_and_processes=True)
        done = subprocess.run(kill, timeout=10, check=False, capture_output=True)
        return "not there" if done.returncode else "killed"
