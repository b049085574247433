"""What Kubernetes says about its types and fields, for `kubectl explain`. Facts only.

descriptions.json.gz is a file of its own beside schema.json: only OpenAPI's documents need it, and nothing
of it stays in memory.
"""

from __future__ import annotations

import gzip
import json
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Descriptions = dict[str, dict[str, str]]
"""By type (`PodSpec`, `Time`) and field; a type's own text stands under an empty name."""


def descriptions() -> Descriptions:
    """All of them, read anew at each call."""
    packed = resources.files(__package__).joinpath("descriptions.json.gz").read_bytes()
    found: Mapping[str, Descriptions] = json.loads(gzip.decompress(packed))
    return found["types"]
