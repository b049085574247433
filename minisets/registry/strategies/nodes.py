"""Nodes: whoever registers one says how it is.

Kubernetes: pkg/registry/core/node/strategy.go.
"""

from __future__ import annotations

from typing import ClassVar

from minisets.registry.strategies.base import Strategy


class NodeStrategy(Strategy):
    """A node's status may come with its create; later it is the subresource's."""

    keeps_status_on_create: ClassVar[bool] = True
