"""What a path names."""

import pytest

from minisets.api import routes
from minisets.api.routes import Target
from minisets.objects.kinds import kind_of


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", Target(kind_of("Pod"))),
        ("/api/v1/namespaces/a/pods", Target(kind_of("Pod"), "a")),
        ("/api/v1/namespaces/a/pods/", Target(kind_of("Pod"), "a")),
        ("/api/v1/namespaces/a/pods/web-0", Target(kind_of("Pod"), "a", "web-0")),
        ("/api/v1/namespaces/a/pods/web-0/log", Target(kind_of("Pod"), "a", "web-0", "log")),
        ("/api/v1/namespaces", Target(kind_of("Namespace"))),
        ("/api/v1/namespaces/a", Target(kind_of("Namespace"), "", "a")),
        ("/api/v1/namespaces/a/status", Target(kind_of("Namespace"), "", "a", "status")),
        ("/api/v1/namespaces/a/pods/web-0/eviction", Target(kind_of("Pod"), "a", "web-0", "eviction")),
        (
            "/apis/apps/v1/namespaces/a/statefulsets/b/scale",
            Target(kind_of("StatefulSet"), "a", "b", "scale"),
        ),
        ("/apis/storage.k8s.io/v1/storageclasses/standard", Target(kind_of("StorageClass"), "", "standard")),
        ("/api/v1/namespaces/a/configmaps/b%2Fc", Target(kind_of("ConfigMap"), "a", "b/c")),
    ],
)
def test_a_path_names_a_kind_a_namespace_a_name_and_a_subresource(path: str, expected: Target) -> None:
    assert routes.target(routes.parts_of(path)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1",
        "/api/v2/pods",
        "/api/v1/nosuch",
        "/api/v1/pods/web-0",
        "/api/v1/namespaces/a/nodes",
        "/api/v1/namespaces/a/pods/b/nosuch",
        "/api/v1/namespaces/a/pods/b/log/c",
        "/apis/apps/v1/namespaces/a/pods",
        "/elsewhere/v1/pods",
    ],
)
def test_other_paths_name_nothing(path: str) -> None:
    assert routes.target(routes.parts_of(path)) is None


def test_every_declared_path_is_routed_and_its_placeholders_are_names() -> None:
    declared = [path for path in routes.every() if "{name}" in path]
    assert len(declared) > 20
    for path in declared:
        target = routes.target(routes.parts_of(path))
        assert target is not None, path
        assert target.name == "{name}"


def test_only_four_paths_are_open() -> None:
    assert [path for path in routes.every() if routes.is_open(routes.parts_of(path))] == list(routes.OPEN)
    assert not routes.is_open(("healthz", "etcd"))
    assert not routes.is_open(())
