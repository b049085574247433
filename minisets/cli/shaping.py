"""`up --nodes N --max-nodes M --zones a,b,c`: into the ConfigMap `minisets-nodes`, and the nodes waited for.

Decides what options mean over what is there. Leaves making the nodes to `controllers/nodes`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from minisets.cli.following import NotReady, Scene, until
from minisets.cli.node_rows import ZONE, stopped_how
from minisets.errors import AlreadyExists, MinisetsError, NotFound, UsageError
from minisets.objects import names
from minisets.objects.kinds import Ref
from minisets.objects.metadata import is_true, labels_of
from minisets.objects.shape import MOST, SHAPE, Shape
from minisets.settings import node_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from minisets.cli.session import Session
    from minisets.client.requests import ApiClient

_COUNT = click.IntRange(min=1, max=MOST)


@dataclass(frozen=True)
class Wanted:
    """What a person said about the nodes; None: nothing."""

    nodes: int | None = None
    max_nodes: int | None = None
    zones: tuple[str, ...] | None = None

    def over(self, shape: Shape) -> Shape:
        """The shape with that in it; `--nodes` alone fixes it. UsageError where it cannot be."""
        nodes = self.nodes or shape.nodes
        most = self.max_nodes or self.nodes or shape.max_nodes
        if most < nodes:
            raise UsageError(f"--max-nodes {most} is less than the {nodes} nodes that are always there")
        return replace(shape, nodes=nodes, max_nodes=most, zones=self.zones or shape.zones)


def with_shape(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the three options; it has them as `shape`, None where none was given."""

    @click.option("--nodes", type=_COUNT, help="How many nodes there are; without --max-nodes: never more.")
    @click.option("--max-nodes", type=_COUNT, help="How many there may be, made when pods fit on none.")
    @click.option("--zones", callback=_zones, metavar="A,B,...", help="The zones that nodes go round in.")
    @wraps(command)
    def wrapped(
        *args: Any, nodes: int | None, max_nodes: int | None, zones: tuple[str, ...] | None, **kwargs: Any
    ) -> Any:
        wanted = Wanted(nodes, max_nodes, zones)
        if nodes:
            wanted.over(Shape())  # why: what cannot be is said before anything is started
        return command(*args, shape=None if wanted == Wanted() else wanted, **kwargs)

    return wrapped


def _zones(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    zones = tuple(zone.strip() for zone in text.split(","))
    for zone in zones:
        if complaints := names.label_value(zone) if zone else ["it is empty"]:
            raise click.BadParameter(f'the zone "{zone}" is not usable: {complaints[0]}')
    return zones


def shape_with(client: ApiClient, wanted: Wanted) -> Shape:
    """The cluster's shape as it will be."""
    return wanted.over(Shape.of(client.get(SHAPE)))


def write_shape(client: ApiClient, shape: Shape) -> None:
    """Into the ConfigMap, whether it is there or not."""
    metadata = {"name": SHAPE.name, "namespace": SHAPE.namespace}
    body = {"apiVersion": "v1", "kind": SHAPE.kind, "metadata": metadata, "data": shape.as_data()}
    try:
        client.patch(SHAPE, {"data": shape.as_data()}, form="merge")
    except NotFound:
        try:
            client.create(SHAPE.kind, SHAPE.namespace, body)
        except AlreadyExists:
            client.patch(SHAPE, {"data": shape.as_data()}, form="merge")


def await_nodes(session: Session, client: ApiClient, shape: Shape, timeout: timedelta) -> None:
    """Until the nodes that are always there are Ready, each in its zone; one that is stopped may stay so."""

    def behind(scene: Scene) -> list[int]:
        return [ordinal for ordinal in range(shape.nodes) if not _is_there(scene, shape, ordinal)]

    try:
        until(
            client,
            "",
            lambda scene: not behind(scene),
            timeout=timeout,
            clock=session.clock,
            kinds=("Node",),
        )
    except NotReady as error:
        first = behind(error.scene)[0]
        raise MinisetsError(
            f"node {node_name(first)} is not Ready in zone {shape.zone_of(first)} "
            f"after {timeout.total_seconds():g} s; see `minisets{session.flags} node list`"
        ) from error


def _is_there(scene: Scene, shape: Shape, ordinal: int) -> bool:
    """Why the zone too: it follows the shape a moment later, and the files' pods are placed by it."""
    node = scene.get(Ref("Node", "", node_name(ordinal)))
    if node is None:
        return False
    is_placed = labels_of(node).get(ZONE) == shape.zone_of(ordinal)
    return bool(stopped_how(node)) or (is_true(node, "Ready") and is_placed)
