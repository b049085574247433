"""Rules for paths that a manifest names: relative ones stay below, none climbs up."""

from __future__ import annotations

from minisets.objects.causes import Causes, invalid


def check_descending(path: str, value: str) -> Causes:
    """A relative path that does not climb."""
    if value.startswith("/"):
        yield invalid(path, value, "must be a relative path")
    yield from check_no_backsteps(path, value)


def check_no_backsteps(path: str, value: str) -> Causes:
    """No `..` between slashes."""
    if ".." in value.split("/"):
        yield invalid(path, value, "must not contain '..'")


def check_unreserved(path: str, value: str) -> Causes:
    """A descending path whose first part does not begin with `..`: those are the kubelet's own."""
    yield from check_descending(path, value)
    if value.startswith("..") and not value.startswith("../"):
        yield invalid(path, value, "must not start with '..'")
