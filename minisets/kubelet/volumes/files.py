"""The files of configMap, secret, downwardAPI and projected volumes, in the kubelet's layout. Pure.

    ..<hash>/key   ..data -> ..<hash>   key -> ..data/key

An emptyDir gets its root's owner and mode. `mounting.py` puts it in, and swaps new files for old ones.
Kubernetes: pkg/volume/util/atomic_writer.go.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from minisets.engine.archives import archive, file, folder, link
from minisets.kubelet.environment import data_of, field_value, missing, resource_value
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.mounts import INSIDE_SANDBOX, fs_group, volumes
from minisets.objects.kinds import Ref
from minisets.objects.metadata import namespace_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.engine.archives import Entry
    from minisets.objects.kinds import Object
    from minisets.objects.reading import Reader

Files = dict[str, tuple[bytes, int]]
"""Path below the volume -> content and mode."""

_NO_KEY = {
    "ConfigMap": "configmap references non-existent config key",
    "Secret": "references non-existent secret key",
}
_DEFAULT_MODE = 0o644
_ANYBODY = 0o777
_ROOT_ONLY = 0o755
_SET_GROUP = 0o2000
_READ = 0o440


def archive_of(pod: Object, volume: str, reader: Reader, node: Object | None) -> tuple[str, bytes]:
    """Where in the sandbox to unpack what; NotYet where a source is missing."""
    one = volumes(pod)[volume]
    group = fs_group(pod)
    if "emptyDir" in one:
        mode = _ANYBODY | (_SET_GROUP if group is not None else 0)
        # Why from above it: Docker skips an entry `.`.
        return INSIDE_SANDBOX, archive([folder(volume, mode, group)])
    files = files_of(pod, one, reader, node)
    return f"{INSIDE_SANDBOX}/{volume}", archive((*_entries(files, group), *_links(files, group)))


def folder_of(files: Files) -> str:
    """The name of the folder that holds these files, and no others."""
    return f"..{_hash(files)}"


def archive_beside(files: Files, group: int | None) -> bytes:
    """A tar of the folder alone, to stand beside what is read now."""
    return archive(_entries(files, group))


def files_of(pod: Object, volume: dict[str, Any], reader: Reader, node: Object | None) -> Files:
    """The files that a volume's source stands for; NotYet where it is missing and not optional."""
    name = volume["name"]
    try:
        if projected := volume.get("projected"):
            mode = int(projected.get("defaultMode", _DEFAULT_MODE))
            found: Files = {}
            for source in projected.get("sources") or ():
                found.update(_source(pod, source, mode, reader, node))
            return found
        source = {key: value for key, value in volume.items() if key != "name"}
        mode = int(next(iter(source.values())).get("defaultMode", _DEFAULT_MODE))
        return dict(_source(pod, source, mode, reader, node))
    except NotYet as error:
        raise NotYet(f'MountVolume.SetUp failed for volume "{name}" : {error}', "FailedMount") from error


def _source(
    pod: Object, source: dict[str, Any], mode: int, reader: Reader, node: Object | None
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """One source's files; volumes say `secretName`, projections `name`."""
    if (config := source.get("configMap")) is not None:
        yield from _keyed(Ref("ConfigMap", namespace_of(pod), config.get("name") or ""), config, mode, reader)
    elif (secret := source.get("secret")) is not None:
        named = secret.get("secretName") or secret.get("name") or ""
        yield from _keyed(Ref("Secret", namespace_of(pod), named), secret, mode, reader)
    elif (downward := source.get("downwardAPI")) is not None:
        for item in downward.get("items") or ():
            text = _downward(pod, item, node)
            yield item["path"], (text.encode(), int(item.get("mode", mode)))
    else:
        raise NotYet(f"{', '.join(source)} is not supported by minisets")


def _downward(pod: Object, item: dict[str, Any], node: Object | None) -> str:
    if field := item.get("fieldRef"):
        return field_value(pod, field["fieldPath"], node)
    source = item["resourceFieldRef"]
    return resource_value(pod, source.get("containerName") or "", source, node)


def _keyed(
    ref: Ref, source: dict[str, Any], mode: int, reader: Reader
) -> Iterator[tuple[str, tuple[bytes, int]]]:
    obj = reader.get(ref)
    if obj is None and not source.get("optional"):
        raise NotYet(missing(ref))
    data = data_of(obj) if obj is not None else {}
    items = source.get("items")
    if not items:
        yield from ((key, (value, mode)) for key, value in data.items())
        return
    for item in items:
        if item["key"] in data:
            yield item["path"], (data[item["key"]], int(item.get("mode", mode)))
        elif not source.get("optional"):
            raise NotYet(f"{_NO_KEY[ref.kind]}: {item['key']}")


def _entries(files: Files, group: int | None) -> Iterator[Entry]:
    """The folder. Kubernetes: changeFilePermission of a volume that is read-only."""
    inside = folder_of(files)
    mode, more = (_ROOT_ONLY, 0) if group is None else (_ROOT_ONLY | _SET_GROUP, _READ)
    for directory in ("", *sorted(_directories(files))):
        yield folder(f"{inside}/{directory}".rstrip("/"), mode, group)
    for path, (content, own) in sorted(files.items()):
        yield file(f"{inside}/{path}", own | more, content, group)


def _links(files: Files, group: int | None) -> Iterator[Entry]:
    """What leads to the files."""
    yield link("..data", folder_of(files), group)
    for top in sorted({path.partition("/")[0] for path in files}):
        yield link(top, f"..data/{top}", group)


def _directories(files: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[: count + 1]) for count in range(len(parts)))
    return found


def _hash(files: Files) -> str:
    digest = hashlib.sha256()
    for path, (content, mode) in sorted(files.items()):
        digest.update(f"{path}\0{mode}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]
