"""A house in which time passes: what a controller wants to look at again, it does, when it is time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from minisets.objects.kinds import Object, Ref
from minisets.objects.metadata import ref_of, timestamp
from minisets.objects.reading import Listing, Reader
from minisets.store.interface import Change
from tests.controllers.house import Controller, House


class Timed:
    """A controller that keeps in mind when which key is due."""

    def __init__(self, controller: Controller, house: House) -> None:
        self._controller = controller
        self._house = house
        self.due: dict[str, datetime] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        return self._controller.kinds

    def keys(self, change: Change) -> Iterable[str]:
        return self._controller.keys(change)

    def reconcile(self, key: str) -> timedelta | None:
        again = self._controller.reconcile(key)
        self.due.pop(key, None)
        if again is not None:
            self.due[key] = self._house.clock.now() + again
        return again

    def catch_up(self) -> None:
        for key in [key for key, due in self.due.items() if due <= self._house.clock.now()]:
            self.reconcile(key)


class Late:
    """A reader that still sees an object as it was."""

    def __init__(self, store: Reader, seen: Object) -> None:
        self._store = store
        self._seen = seen

    def get(self, ref: Ref) -> Object | None:
        return self._seen if ref == ref_of(self._seen) else self._store.get(ref)

    def list(self, kind: str, namespace: str = "") -> Listing:
        found = self._store.list(kind, namespace)
        items = tuple(self._seen if ref_of(each) == ref_of(self._seen) else each for each in found.items)
        return Listing(items, found.version)


class TimedHouse(House):
    """A house whose controllers' rechecks happen when time passes."""

    def __init__(self) -> None:
        super().__init__()
        self._timed: list[Timed] = []

    def run(self, *controllers: Controller) -> None:
        timed = [Timed(controller, self) for controller in controllers]
        self._timed += timed
        super().run(*timed)

    def is_waiting(self) -> bool:
        """Whether any controller has a timer."""
        return any(timed.due for timed in self._timed)

    def pass_time(self, **duration: float) -> None:
        """From one due moment to the next, until so much has passed."""
        self.settle()
        end = self.clock.now() + timedelta(**duration)
        while (due := min((due for timed in self._timed for due in timed.due.values()), default=end)) < end:
            self._go_to(due)
        self._go_to(end)

    def _go_to(self, moment: datetime) -> None:
        self.clock.advance(max(timedelta(0), moment - self.clock.now()))
        for timed in self._timed:
            timed.catch_up()
        self.settle()

    def stop_node(self, name: str, how: str = "kill") -> None:
        self.edit(
            "Node", name, lambda node: node["metadata"].update(annotations={"minisets.dev/stopped": how})
        )

    def start_node(self, name: str) -> None:
        """The annotation goes, and the kubelet says that it is back."""
        self.edit("Node", name, lambda node: node["metadata"].pop("annotations"))
        self.set_status("Node", name, conditions=[{"type": "Ready", "status": "True"}])

    def lose_engine(self, name: str) -> None:
        """What a kubelet says that cannot see to its pods."""
        since = timestamp(self.clock.now())
        unready = {"type": "Ready", "status": "False", "lastTransitionTime": since}
        self.set_status("Node", name, conditions=[unready])

    def ready_pod(self, name: str, node: str = "minisets-0", **spec: Any) -> Object:
        self.pod(name, nodeName=node, **spec)
        condition = {"type": "Ready", "status": "True"}
        return self.set_status("Pod", name, phase="Running", conditions=[condition])

    def taints(self, node: str) -> list[str]:
        """`key:effect`, without what all keys begin with."""
        found = self.get("Node", node)["spec"].get("taints") or ()
        return [f"{taint['key'].removeprefix('node.kubernetes.io/')}:{taint['effect']}" for taint in found]
