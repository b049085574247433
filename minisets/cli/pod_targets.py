"""Which pod, and which of its containers, `web-0`, `pod/web-0`, `statefulset/web` and `service/web` mean.

Decides which pod of many is the first, and says which container was taken of several. Leaves to the commands
what becomes of it. Kubernetes: kubectl pkg/polymorphichelpers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minisets.cli.pod_containers import by_ordinal, default_container
from minisets.cli.reading import kinds_named
from minisets.cli.session import note
from minisets.controllers.statefulset.identity import ordinal_of
from minisets.errors import MinisetsError, UsageError
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_being_deleted, is_true, name_of, spec_of, status_of
from minisets.objects.owners import is_controlled_by
from minisets.objects.selectors.labels import LabelSelector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object


def owner_named(client: ApiClient, namespace: str, word: str) -> Object:
    """The pod, statefulset or service itself."""
    what, slash, name = word.rpartition("/")
    kind = kinds_named(what)[0].title if slash else "Pod"
    if kind not in ("Pod", "StatefulSet", "Service") or not name:
        raise UsageError(f'"{word}" names no pod: write POD, pod/NAME, statefulset/NAME or service/NAME')
    return client.read(Ref(kind, namespace, name))


def pod_of(client: ApiClient, namespace: str, owner: Object) -> Object:
    """The pod itself, or the first of the statefulset's or service's pods: one that is ready, the lowest.

    Differs: kubectl takes the one that has been ready for longest, which is another one each time.
    """
    if owner["kind"] == "Pod":
        return owner
    where = f"{owner['kind'].lower()}/{name_of(owner)}"
    if owner["kind"] == "StatefulSet":
        pods = [pod for pod in client.select("Pod", namespace).items if is_controlled_by(pod, owner)]
        pods.sort(key=lambda pod: ordinal_of(owner, pod) or 0)
    else:
        labels = selector_of(owner)
        if not labels:
            raise MinisetsError(f"{where} has no selector: name a pod")
        pods = sorted(client.select("Pod", namespace, labels=labels).items, key=by_ordinal)
    if not pods:
        raise MinisetsError(f"{where} has no pods now")
    return first_of(pods)


def selector_of(owner: Object) -> str:
    """Labels of the pods behind a statefulset or a service, as a query has them; empty: it has none."""
    selector = spec_of(owner).get("selector")
    of = LabelSelector.of_map if owner["kind"] == "Service" else LabelSelector.of
    return str(of(selector))


def pod_named(client: ApiClient, namespace: str, word: str) -> Object:
    """The pod that the word means; the API's refusal where there is none."""
    return pod_of(client, namespace, owner_named(client, namespace, word))


def first_of(pods: Sequence[Object]) -> Object:
    """The first that is ready; else that runs; else that stays."""
    return min(pods, key=_worth)


def _worth(pod: Object) -> tuple[bool, bool, bool]:
    """The least is the best."""
    return is_being_deleted(pod), status_of(pod).get("phase") != "Running", not is_true(pod, "Ready")


def container_of(pod: Object, name: str, *, quiet: bool = False) -> Object:
    """The named container, else the annotation's, else the first; of several it is said which."""
    fields = ("containers", "initContainers", "ephemeralContainers")
    every: dict[str, Object] = {one["name"]: one for field in fields for one in spec_of(pod).get(field) or ()}
    if name and name not in every:
        raise MinisetsError(f"container {name} not found in pod {name_of(pod)}")
    chosen, said = (name, "") if name else default_container(pod)
    if said and not quiet:
        note(said)
    return every[chosen]
