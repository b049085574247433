"""Volumes on the engine: made, filled, owned, and the parts of them that containers ask for.

Everything goes through the sandbox, which mounts the pod's volumes whole. Leaves what stands behind a volume
to `mounts.py`, what is in it to `files.py`, when to write to `plan.py`, the machine to `host_paths.py`.
"""

from __future__ import annotations

import logging
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from minisets.engine import archives, labels, names
from minisets.engine.specs import ExecSpec, VolumeSpec
from minisets.errors import EngineError, MinisetsError
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes import mounts
from minisets.kubelet.volumes.files import archive_beside, archive_of, files_of, folder_of
from minisets.kubelet.volumes.host_paths import INSIDE, HostPathMissing, HostPaths
from minisets.kubelet.volumes.remote import volume_spec
from minisets.kubelet.volumes.subpaths import Part, part_of, sub_path_of
from minisets.objects.barred_paths import named_in
from minisets.objects.kinds import Ref
from minisets.objects.metadata import name_of, namespace_of, spec_of
from minisets.objects.pods import node_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from minisets.engine.interface import Engine, PathStat
    from minisets.engine.sandbox_image import SandboxImage
    from minisets.engine.specs import Mount
    from minisets.kubelet.containers import Wanted
    from minisets.kubelet.memory import Memory
    from minisets.kubelet.observe import ObservedPod
    from minisets.objects.kinds import Object
    from minisets.settings import Settings
    from minisets.store.interface import Store

_log = logging.getLogger(__name__)

_NAMES_TRIED = 20
_PROGRAM = "/pause"
_OWNED = "owned"
_FOLDER_MODE = 0o755
_FAILED = "FailedMount"


class Mounting:
    """The volumes of our nodes' pods."""

    def __init__(
        self, store: Store, engine: Engine, memory: Memory, image: SandboxImage, settings: Settings
    ) -> None:
        self._store = store
        self._engine = engine
        self._memory = memory
        self._cluster = settings.cluster
        self.host_paths = HostPaths(engine, image, settings)

    # --- volumes ---

    def create_volume(self, pod: Object, volume: str) -> None:
        """Trap: the engine hands out whatever has the name, so its labels decide whether it is ours."""
        wanted_labels = labels.pod_volume_labels(self._cluster, pod, volume)
        options = mounts.volume_options(pod, volume)
        for attempt in range(_NAMES_TRIED):
            name = names.pod_volume_name(self._cluster, namespace_of(pod), name_of(pod), volume, attempt)
            made = self._engine.create_volume(VolumeSpec(name, wanted_labels, options=options))
            if dict(made.labels) == wanted_labels:
                return
        raise MinisetsError(f"every name for the volume {volume} of pod {name_of(pod)} is taken")

    def sources(self, pod: Object) -> Mapping[str, mounts.Source]:
        """What stands behind each volume. What is not ours is not mounted because a PV names it."""
        return {
            name: self._found(name, mounts.source_of(pod, name, self._store)) for name in mounts.volumes(pod)
        }

    def _found(self, volume: str, source: mounts.Source) -> mounts.Source:
        """With the Docker volume's name; the volume is there, and ours."""
        if source.kind != "volume":
            return source
        wanted = volume_spec(self._cluster, source.remote) if source.remote else None
        name = wanted.name if wanted else source.name
        found = self._engine.inspect_volume(name)
        if found is None and wanted is not None:
            if name == self._cluster:  # Why: the state will lie there when it is made
                raise NotYet(f"the Docker volume {name} is for the cluster's own state: not made", _FAILED)
            self._refuse(volume, source, wanted.options)
            found = self._engine.create_volume(wanted)
        if found is None:
            raise NotYet(f"the Docker volume {name} is gone", _FAILED)
        # Why the kind: the cluster's own state, with everybody's Secrets, is a volume of ours too.
        is_ours = labels.is_data(found.labels, self._cluster)
        if not is_ours and not labels.is_taken_in(found.labels, name, source.adopted):
            raise NotYet(f"the Docker volume {name} is not a claim's of minisets: it is not mounted", _FAILED)
        # Why what it has: an engine keeps the options that the volume was made with, whatever is asked now.
        self._refuse(volume, source, found.options)
        return replace(source, name=name)

    def problems(self, pod: Object) -> tuple[str, ...]:
        """Why volumes cannot be mounted yet."""
        problems = []
        for name, volume in mounts.volumes(pod).items():
            try:
                source = mounts.source_of(pod, name, self._store)
                if any(kind in volume for kind in mounts.FILES):
                    files_of(pod, volume, self._store, self._node(pod))
                elif source.kind == "bind":
                    self._check(name, source)
            except NotYet as error:
                problems.append(str(error))
        return tuple(problems)

    def _check(self, volume: str, source: mounts.Source) -> None:
        with _as_a_mount(volume, source):
            self.host_paths.check(source.name, source.path_type)

    def _refuse(self, volume: str, source: mounts.Source, options: Mapping[str, str]) -> None:
        """Why here too: a Docker volume can be a bind of any path of the machine."""
        if paths := named_in(options):
            with _as_a_mount(volume, source):
                self.host_paths.refuse(*paths)

    # --- what is in them ---

    def wanted(self, pod: Object) -> Mapping[str, str]:
        """The folder that each volume of files should show now; none where a source is missing."""
        found = {}
        for name, volume in mounts.volumes(pod).items():
            if any(kind in volume for kind in mounts.FILES):
                try:
                    found[name] = folder_of(files_of(pod, volume, self._store, self._node(pod)))
                except NotYet:  # Kubernetes: what is there stays
                    continue
        return found

    def written(self, sandbox: str, volume: str) -> str | None:
        """The folder that a volume of files shows: remembered, or looked up once."""
        known = self._memory.written(sandbox, volume)
        if known is None:
            seen = self._engine.stat_path(sandbox, f"{mounts.INSIDE_SANDBOX}/{volume}/..data")
            known = seen.link.rpartition("/")[2] if seen is not None else None
            if known is not None:
                self._memory.wrote(sandbox, volume, known)
        return known

    def write(self, pod: Object, volume: str, sandbox: str) -> None:
        """Bring a volume's content, or its owner, to what it should be; nothing is done twice."""
        one = mounts.volumes(pod)[volume]
        if any(kind in one for kind in mounts.FILES):
            self._write_files(pod, volume, sandbox)
        elif self._memory.written(sandbox, volume) is None:
            if mounts.claim_name(pod, one):
                self._give_to_group(pod, volume, sandbox)
            else:
                self._engine.put_archive(sandbox, *archive_of(pod, volume, self._store, self._node(pod)))
            self._memory.wrote(sandbox, volume, _OWNED)

    def _write_files(self, pod: Object, volume: str, sandbox: str) -> None:
        """Kubernetes: AtomicWriter.Write: a reader sees either all of the old files or all of the new."""
        files = files_of(pod, mounts.volumes(pod)[volume], self._store, self._node(pod))
        folder, present = folder_of(files), self.written(sandbox, volume)
        if present == folder:
            return
        if present is None:
            self._engine.put_archive(sandbox, *archive_of(pod, volume, self._store, self._node(pod)))
        else:
            inside = f"{mounts.INSIDE_SANDBOX}/{volume}"
            self._engine.put_archive(sandbox, inside, archive_beside(files, mounts.fs_group(pod)))
            self._pause(sandbox, "swap", inside, folder)
        self._memory.wrote(sandbox, volume, folder)

    def _give_to_group(self, pod: Object, volume: str, sandbox: str) -> None:
        """Kubernetes: SetVolumeOwnership; not of what the pod may only read, nor of hostPath PVs."""
        claim = mounts.volumes(pod)[volume].get("persistentVolumeClaim") or {}
        source = mounts.source_of(pod, volume, self._store)
        if claim.get("readOnly") or source.read_only:
            return
        if source.kind == "bind" and source.path_type != mounts.LOCAL:
            return
        if source.remote is not None and not source.remote.is_given_to_groups:
            return
        policy = (spec_of(pod).get("securityContext") or {}).get("fsGroupChangePolicy")
        verb = "match" if policy == "OnRootMismatch" else "own"
        self._pause(sandbox, verb, f"{mounts.INSIDE_SANDBOX}/{volume}", str(mounts.fs_group(pod)))

    def _pause(self, sandbox: str, *words: str) -> None:
        """Have the sandbox's own program do something; what it says is why it could not."""
        spec = ExecSpec((_PROGRAM, *words))
        exec_id = self._engine.create_exec(sandbox, spec)
        with closing(self._engine.start_exec(exec_id, spec)) as stream:
            said = b"".join(data for _, data in stream).decode(errors="replace").strip()
        if self._engine.inspect_exec(exec_id).exit_code or said:
            raise EngineError(f"pause {' '.join(words)}: {said or 'failed'}")

    # --- what containers see of them ---

    def container_mounts(
        self, pod: Object, one: Wanted, env: Mapping[str, str], observed: ObservedPod, sandbox: str
    ) -> tuple[Mount, ...]:
        """What a container sees; NotYet says what cannot be mounted."""
        sources = self.sources(pod)
        whole = mounts.container_mounts(pod, one.spec, sources, observed.volumes)
        asked = one.spec.get("volumeMounts") or ()
        for name in {each["name"] for each in asked}:
            if sources[name].kind == "bind":  # Why again: a link may lead elsewhere since the pod began
                with _as_a_mount(name, sources[name]):
                    self.host_paths.refuse(sources[name].name)
        return tuple(
            self._mounted(pod, one, each, mount, env, sandbox)
            for each, mount in zip(asked, whole, strict=True)
        )

    def _mounted(
        self,
        pod: Object,
        one: Wanted,
        asked: dict[str, Any],
        mount: Mount,
        env: Mapping[str, str],
        sandbox: str,
    ) -> Mount:
        if mount.recursion == "forced" and not self._engine.info().has_recursion:
            raise NotYet(
                f'failed to resolve recursive read-only mode: volume "{asked["name"]}" requested '
                "recursive read-only mode, but it is not supported by the runtime"
            )
        sub_path = sub_path_of(asked, env)
        if not sub_path:
            return mount
        try:
            if mount.kind == "bind":
                return self._part_of_host(pod, mount, sub_path)
            return self._part_of_volume(pod, asked["name"], mount, sub_path, sandbox)
        except ValueError as error:
            raise _refused(one, asked, "prepare subPath", error) from error
        except FileNotFoundError as error:
            raise _refused(one, asked, "create subPath directory", error) from error

    def _part_of_host(self, pod: Object, mount: Mount, sub_path: str) -> Mount:
        try:
            with self.host_paths.opened(mount.source) as container:
                part = self._prepared(pod, container, INSIDE, sub_path)
        except HostPathMissing as error:
            raise NotYet(f"stat {mount.source}: no such file or directory") from error
        path = f"{mount.source.rstrip('/')}/{part.path}".rstrip("/")
        return replace(mount, source=path or "/", is_made=False)

    def _part_of_volume(self, pod: Object, volume: str, mount: Mount, sub_path: str, sandbox: str) -> Mount:
        """A sub-path of the volume where the engine knows of such, else a bind of where it lies.

        Trap: the engine would remove a volume of which only a part is bound. The sandbox mounts it whole.
        """
        root = f"{mounts.INSIDE_SANDBOX}/{volume}"
        part = self._prepared(pod, sandbox, root, sub_path)
        if not part.path:
            return mount
        if self._engine.info().has_sub_paths:
            return replace(mount, sub_path=part.path)
        found = self._engine.inspect_volume(mount.source)
        if found is None:
            raise NotYet(f"the Docker volume {mount.source} is gone", _FAILED)
        return replace(mount, kind="bind", source=f"{found.mountpoint}/{part.path}")

    def _prepared(self, pod: Object, container: str, root: str, sub_path: str) -> Part:
        """Where the sub-path leads, with its folders made. Kubernetes: SafeMakeDir, as the root's mode."""

        def find(path: str) -> PathStat | None:
            return self._engine.stat_path(container, path)

        part = part_of(root, sub_path, find)
        if part.missing:
            top = find(root)
            mode, group = top.mode if top else _FOLDER_MODE, mounts.fs_group(pod)
            paths = ("/".join(part.missing[: count + 1]) for count in range(len(part.missing)))
            made = archives.archive(archives.folder(path, mode, group) for path in paths)
            self._engine.put_archive(container, "/".join((root, *part.found)), made)
        return part

    def _node(self, pod: Object) -> Object | None:
        return self._store.get(Ref("Node", "", node_of(pod)))


@contextmanager
def _as_a_mount(volume: str, source: mounts.Source) -> Iterator[None]:
    """What stands in the way, in the words of Kubernetes' events."""
    try:
        yield
    except NotYet as error:
        step = "NewMounter initialization" if source.path_type == mounts.LOCAL else "SetUp"
        said = f'MountVolume.{step} failed for volume "{volume}" : {error}'
        raise NotYet(said, error.reason) from error


def _refused(one: Wanted, asked: dict[str, Any], what: str, error: Exception) -> NotYet:
    """Kubernetes: the reason is only logged, as it may tell of the machine."""
    said = f'failed to {what} for volumeMount "{asked["name"]}" of container "{one.name}"'
    _log.warning("%s: %s", said, error)
    return NotYet(said)
