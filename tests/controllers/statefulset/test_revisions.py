from __future__ import annotations

from minisets.controllers.statefulset.revisions import go_json, hash_of, template_of
from tests.controllers.statefulset.make import revision, statefulset


def test_the_hash_is_the_one_that_kubernetes_computes() -> None:
    """A-52: the payload of Kubernetes' own compatibility test for 1.34, and its answer."""
    container = {
        "image": "test",
        "imagePullPolicy": "Always",
        "name": "test",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    spec = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    metadata = {"annotations": {"test": "value"}, "labels": {"app": "foo"}}
    data = {"spec": {"template": {"$patch": "replace", "metadata": metadata, "spec": spec}}}
    assert hash_of(data, 0) == "776999688b"


def test_the_payload_is_escaped_as_go_does_it() -> None:
    assert (
        go_json({"b": "<&>", "a": "\u00e9\u2028"}) == b'{"a":"\xc3\xa9\\u2028","b":"\\u003c\\u0026\\u003e"}'
    )


def test_a_revision_gives_its_template_back() -> None:
    owner = statefulset()
    assert template_of(revision(owner)) == owner["spec"]["template"]
