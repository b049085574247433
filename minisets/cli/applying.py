"""One manifest into the cluster, as kubectl's client-side apply does it; and its trial run before.

Decides which documents are skipped with a notice, what is warned of and what is refused instead, and how
both name file and line. Leaves to `objects/exposure.py` and to the server what there is to say.
Kubernetes: kubectl pkg/cmd/apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from minisets.errors import AlreadyExists, ApiError, Conflict, ManifestError, NotFound
from minisets.objects import fidelity
from minisets.objects.applying import apply_patch, with_last_applied
from minisets.objects.conversion import as_stored
from minisets.objects.elsewhere import elsewhere
from minisets.objects.exposure import exposures
from minisets.objects.kinds import Kind, Ref, kind_of, served
from minisets.objects.metadata import meta, name_of, spec_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from minisets.client.requests import Answer, ApiClient
    from minisets.objects.kinds import Object
    from minisets.objects.manifests import Manifest

_FIELD = re.compile(r'field "([^"]+)"|Go struct field \w+\.(\S+) of type')
_TRIES = 5


@dataclass(frozen=True)
class Applied:
    """What became of a manifest: `created`, `configured` or `unchanged`."""

    ref: Ref
    done: str
    object: Object

    def __str__(self) -> str:
        """`statefulset.apps/web created`, as kubectl says it."""
        return f"{word_for(self.ref)} {self.done}"


@dataclass
class Applier:
    """Applies manifests to one cluster; `warn` hears what the server warns of, once each."""

    client: ApiClient
    namespace: str
    warn: Callable[[str], None]
    strict: bool = False
    _namespaces: set[str] = field(default_factory=set)
    _classes: set[str] = field(default_factory=set)
    """What the files make, without which a trial run of what comes later would fail."""
    _said: set[str] = field(default_factory=set)
    _absent: set[Ref] = field(default_factory=set)
    """What the trial run did not find: `apply` begins with a create there, and saves a request each."""

    def ref_of(self, manifest: Manifest) -> Ref | None:
        """Which object the manifest means; None, after a notice, if minisets does not serve its kind."""
        kind = self._kind(manifest)
        if kind is None:
            return None
        if not name_of(manifest.obj):
            _refuse(manifest, "resource name may not be empty", "metadata")
        namespace = (meta(manifest.obj).get("namespace") or self.namespace) if kind.namespaced else ""
        return Ref(kind.title, namespace, name_of(manifest.obj))

    def _kind(self, manifest: Manifest) -> Kind | None:
        kind, why = kind_in(manifest, strict=self.strict)
        if kind is None:
            self._warn(f"{manifest.source}:{manifest.line}: skipped: {why}")
        return kind

    def check(self, manifest: Manifest) -> None:
        """A trial run on the server: raises what it refuses, with file and line; changes nothing.

        What gives a pod the machine is warned of, or refused where that is strict.
        """
        ref = self.ref_of(manifest)
        if ref is None:
            return
        if ref.kind == "Namespace":
            self._namespaces.add(ref.name)
        if ref.kind == "PriorityClass":
            self._classes.add(ref.name)
        self._run(manifest, ref, dry_run=True)
        # Why not the server's warnings alone: it tells of what is new, and strict means the whole file.
        for finding in fidelity.findings(ref.kind, as_stored(manifest.obj)) if self.strict else ():
            if finding.how != "honoured":
                _refuse(manifest, str(finding), finding.path)
        for exposure in exposures(ref.kind, manifest.obj):
            self._object_to(manifest, ref, exposure.path, str(exposure))

    def apply(self, manifest: Manifest) -> Applied | None:
        """Create what is missing, patch what differs; None if the kind was skipped."""
        ref = self.ref_of(manifest)
        return None if ref is None else self._run(manifest, ref, dry_run=False)

    def _run(self, manifest: Manifest, ref: Ref, *, dry_run: bool) -> Applied:
        try:
            for _ in range(_TRIES):
                try:
                    return self._once(manifest, ref, dry_run=dry_run)
                except (AlreadyExists, Conflict, NotFound) as error:
                    if isinstance(error, NotFound) and not (current_is_gone(error, ref)):
                        raise
            return self._once(manifest, ref, dry_run=dry_run)
        except ApiError as error:
            _refuse(manifest, str(error), _path_in(error), error)

    def _once(self, manifest: Manifest, ref: Ref, *, dry_run: bool) -> Applied:
        current = None if ref in self._absent and not dry_run else self.client.get(ref)
        wanted = _in_namespace(as_stored(manifest.obj), ref.namespace)
        if dry_run and ref.kind == "Pod" and spec_of(wanted).get("priorityClassName") in self._classes:
            wanted = {**wanted, "spec": {**spec_of(wanted), "priorityClassName": ""}}
        if current is None:
            # Why discard: should it exist by now after all, the next try must look.
            (self._absent.add if dry_run else self._absent.discard)(ref)
            wanted = with_last_applied(wanted)
            namespace = ref.namespace
            if dry_run and namespace in self._namespaces and not self._exists(namespace):
                # Why: the file makes this namespace, and a trial run must not; try in one that exists.
                namespace = "default"
                wanted = _in_namespace(wanted, namespace)
            answer = self.client.create(
                ref.kind, namespace, wanted, dry_run=dry_run, manager="kubectl-client-side-apply"
            )
            return self._done(manifest, ref, "created", answer)
        patch = apply_patch(ref.kind, wanted, current)
        if not patch:
            return Applied(ref, "unchanged", current)
        answer = self.client.patch(ref, patch, dry_run=dry_run, manager="kubectl-client-side-apply")
        # Differs: kubectl says configured whenever it sent a patch, even one that changed nothing.
        changed = version_of(answer.object) != version_of(current)
        return self._done(manifest, ref, "configured" if changed else "unchanged", answer)

    def _exists(self, namespace: str) -> bool:
        return self.client.get(Ref("Namespace", "", namespace)) is not None

    def _done(self, manifest: Manifest, ref: Ref, done: str, answer: Answer) -> Applied:
        for warning in answer.warnings:
            self._object_to(manifest, ref, _path_at(warning), warning)
        return Applied(ref, done, answer.object)

    def _object_to(self, manifest: Manifest, ref: Ref, path: str, message: str) -> None:
        if self.strict:
            _refuse(manifest, message, path)
        self._warn(f"{manifest.source}:{manifest.line_of(path)}: {word_for(ref)}: {message}")

    def _warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.warn(text)


def kind_in(manifest: Manifest, *, strict: bool) -> tuple[Kind | None, str]:
    """The kind that the manifest names, or None and why it is passed over; ManifestError for a mistake."""
    version, title = str(manifest.obj["apiVersion"]), str(manifest.obj["kind"])
    kind = served(version, title)
    if kind is not None:
        return kind, ""
    problem = elsewhere(version, title)
    if problem.is_error or strict:
        _refuse(manifest, problem.message, problem.field)
    return None, problem.message


def _refuse(manifest: Manifest, message: str, path: str, cause: ApiError | None = None) -> NoReturn:
    line = manifest.line_of(path)
    what = f'{manifest.obj["kind"]} "{name_of(manifest.obj)}"'
    text = message if what.split('"')[1] and what.split('"')[1] in message else f"{what}: {message}"
    raise ManifestError(f"{manifest.source}:{line}: {text}") from cause


def current_is_gone(error: NotFound, ref: Ref) -> bool:
    """Whether it is the object itself that vanished between two requests, not its namespace."""
    return bool(error.details().get("name") == ref.name and error.details().get("kind") != "namespaces")


def word_for(ref: Ref) -> str:
    """`statefulset.apps/web`."""
    kind = kind_of(ref.kind)
    return f"{kind.singular}{'.' + kind.group if kind.group else ''}/{ref.name}"


def _in_namespace(obj: Object, namespace: str) -> Object:
    if not namespace:
        return obj
    return {**obj, "metadata": {**meta(obj), "namespace": namespace}}


def _path_at(warning: str) -> str:
    """The field that a warning begins with, as `spec.template.spec.dnsPolicy: ...` does."""
    path, colon, _ = warning.partition(":")
    return path if colon and " " not in path else ""


def _path_in(error: ApiError) -> str:
    """The field that a refusal is about, or an empty path: the document."""
    if error.causes:
        return error.causes[0].field
    found = _FIELD.search(str(error))
    return found[1] or found[2] if found else ""
