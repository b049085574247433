"""What an image's reference says about pulling it."""

from __future__ import annotations


def pull_policy(image: str) -> str:
    """Always for `latest`, said or meant; IfNotPresent for any other tag and for a digest (A-89)."""
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    means_latest = tag == "latest" if colon else bool(name) and not digest
    return "Always" if means_latest else "IfNotPresent"
