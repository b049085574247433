"""The image of the control container: the one handed in, the one made before, or made now on a stock Python.

    MINISETS_IMAGE? -> that                 base fits what is installed here? -> copy that in
    tag of our content there? -> that       else: locked wheels for the base's platform -> copy those in
    base image there, or pulled             tried in the container, then committed under our content's tag

No builder and no network inside: create, copy, try, commit. Leaves what goes in to `packing.py`.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

from minisets.cluster import packing
from minisets.engine import labels, names
from minisets.errors import EngineConflict, EngineError, EngineNotFound, MinisetsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from minisets.cluster.calls import ControlCalls
    from minisets.cluster.packing import Python
    from minisets.engine.interface import Engine

REPOSITORY = f"{names.IMAGES}control"
_ASKED_WITHIN = timedelta(seconds=30)
_COMPILED_WITHIN = timedelta(minutes=3)
_ABANDONED_AFTER = timedelta(minutes=15)
_PATH = f"/{packing.ROOT}"
# Why compiled here: the container's root is read-only. Why tried: a library may want a newer C library than
# the base's, and only loading it tells.
_LOADED = "minisets.daemon, minisets.dns.process, minisets.cli.about"
_TRY = f"python3 -m compileall -q {_PATH} && python3 -c 'import {_LOADED}'"
_ENV = {"PYTHONPATH": _PATH, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Sources:
    """Where an image comes from. content: of this package; ready: an image to be taken as it is."""

    content: str
    base: str
    ready: str = ""


def sources(content: str, environ: Mapping[str, str]) -> Sources:
    """As the environment says: MINISETS_IMAGE, MINISETS_BASE_IMAGE; else the slim image of our Python."""
    version = sys.version_info
    base = environ.get("MINISETS_BASE_IMAGE") or f"python:{version.major}.{version.minor}-slim"
    return Sources(content, base, environ.get("MINISETS_IMAGE") or "")


def name_of(content: str) -> str:
    """The tag that an image of this content has."""
    return f"{REPOSITORY}:{content}"


def content_of(calls: ControlCalls, wanted: Sources) -> str:
    """Which minisets is in the image: ours, or what the one that was handed in says of itself."""
    if not wanted.ready:
        return wanted.content
    found = calls.inspect_image(wanted.ready)
    if found is None:
        raise MinisetsError(
            f"the image {wanted.ready} (from MINISETS_IMAGE) is not on the engine: `docker load` or "
            "`docker pull` it, or unset MINISETS_IMAGE"
        )
    return found.labels.get(labels.CONTENT) or found.id.removeprefix("sha256:")[:12]


def ensure(calls: ControlCalls, wanted: Sources, tell: Callable[[str], None]) -> str:
    """The name of the control image, which is on the engine afterwards. MinisetsError says what to do."""
    if wanted.ready:
        return wanted.ready
    name = name_of(wanted.content)
    if calls.inspect_image(name) is None:
        _make(calls, wanted, tell)
    return name


def _make(calls: ControlCalls, wanted: Sources, tell: Callable[[str], None]) -> None:
    remove_abandoned(calls)
    _ensure_base(calls, wanted.base, tell)
    base = _ask(calls, wanted.base)
    complaint = ""
    if packing.fits(base):
        try:
            _commit(calls, wanted, packing.installed(wanted.content))
            return
        except (LookupError, Unfit) as error:
            complaint = f" (what is installed here does not do: {error})"
    lock = files("minisets").joinpath("requirements.lock").read_text()
    major, minor = base.version
    tell(f"getting libraries for Python {major}.{minor} on {base.machine}, {base.libc}{complaint}")
    try:
        _commit(calls, wanted, packing.downloaded(base, lock, wanted.content))
    except EngineError:
        raise
    except MinisetsError as error:
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise MinisetsError(
            f"the control image cannot be made on {wanted.base}: {error}. Name a base image of this Python "
            f"({ours}) by MINISETS_BASE_IMAGE; or hand in a ready image by MINISETS_IMAGE, made on another "
            f"machine and brought here by `docker save {REPOSITORY}` and `docker load`"
        ) from error


class Unfit(MinisetsError):
    """What was copied in does not run on the base."""


def _ensure_base(calls: ControlCalls, base: str, tell: Callable[[str], None]) -> None:
    if calls.inspect_image(base) is not None:
        return
    tell(f"pulling {base}, once")
    try:
        for _ in calls.pull_image(base):
            pass
    except EngineError as error:
        raise MinisetsError(
            f"the base of the control image, {base}, is not on the engine and cannot be pulled ({error}): "
            "`docker load` it, name another image that has a Python 3.11 or newer by MINISETS_BASE_IMAGE, "
            "or hand in a ready one by MINISETS_IMAGE"
        ) from error


def _ask(calls: ControlCalls, base: str) -> Python:
    """What Python the base has."""
    code, said = _run(calls, base, ["python3", "-c", packing.ASK], None, _ASKED_WITHIN, keep=None)
    try:
        found = packing.python_told(json.loads(said.strip().splitlines()[-1])) if code == 0 else None
    except (ValueError, LookupError, TypeError):
        found = None
    if found is None or found.version < (3, 11):
        version = (
            f"it has {found.version[0]}.{found.version[1]}"
            if found
            else said.strip()[-200:] or f"exit {code}"
        )
        raise MinisetsError(
            f"the image {base} has no CPython 3.11 or newer as `python3` ({version}): name another one by "
            "MINISETS_BASE_IMAGE"
        )
    return found


def _commit(calls: ControlCalls, wanted: Sources, archive: bytes) -> None:
    """Copy in, try, commit. Unfit: it does not run."""
    code, said = _run(calls, wanted.base, ["sh", "-c", _TRY], archive, _COMPILED_WITHIN, keep=wanted.content)
    if code:
        raise Unfit((said.strip().splitlines() or [f"exit {code}"])[-1])


def _run(
    calls: ControlCalls,
    image: str,
    command: list[str],
    archive: bytes | None,
    within: timedelta,
    *,
    keep: str | None,
) -> tuple[int, str]:
    """A command in a container of its own, without a network: exit code and output.

    keep: the content under whose tag the container becomes an image, if the command succeeds.
    """
    body = {
        "Image": image,
        "Entrypoint": command[:1],
        "Cmd": command[1:],
        "User": "0",
        "Env": [f"{name}={value}" for name, value in _ENV.items() if name != "PYTHONDONTWRITEBYTECODE"],
        "Labels": labels.build_labels(),
        "HostConfig": {"NetworkMode": "none", "LogConfig": {"Type": "json-file"}, "Init": False},
    }
    try:
        container = calls.create("", body)
    except EngineNotFound as error:
        raise MinisetsError(f"{error}: somebody removed it just now; try again") from error
    try:
        if archive is not None:
            calls.put_archive(container, "/", archive)
        try:
            calls.start_container(container)
        except EngineError as error:
            return 127, str(error)
        code = calls.wait(container, within)
        said = calls.output(container)
        if code == 0 and keep is not None:
            calls.commit(container, REPOSITORY, keep, _config(keep))
        return code, said
    finally:
        calls.remove_container(container, force=True)


def _config(content: str) -> dict[str, object]:
    """The image's configuration; what it does not say is the build container's, so all of that is said."""
    return {
        "Env": [f"{name}={value}" for name, value in _ENV.items()],
        "Entrypoint": ["python3", "-m", "minisets"],
        "Cmd": ["--help"],
        "User": "0",
        "Labels": labels.image_labels(content),
    }


def remove_others(calls: ControlCalls, content: str) -> None:
    """Control images of ours of other contents, where no container uses them."""
    for image in calls.list_images({labels.KIND: "image"}):
        ours = [tag for tag in image.tags if tag.startswith(f"{REPOSITORY}:")]
        if ours and name_of(content) not in ours:
            for tag in ours:
                with contextlib.suppress(EngineConflict):
                    calls.remove_image(tag)


def remove_abandoned(engine: Engine) -> None:
    """Containers that a killed command was making an image from."""
    now = datetime.now(UTC)
    for container in engine.list_containers({labels.KIND: "build"}):
        with contextlib.suppress(EngineNotFound):
            if now - engine.inspect_container(container.id).created_at > _ABANDONED_AFTER:
                engine.remove_container(container.id, force=True)
