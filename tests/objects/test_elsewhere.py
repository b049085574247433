"""What is said of kinds and versions that are not served."""

import pytest

from minisets.objects.elsewhere import elsewhere, retired_version
from minisets.objects.kinds import SERVED


@pytest.mark.parametrize(
    ("version", "kind", "said"),
    [
        ("apps/v1beta1", "StatefulSet", "write apiVersion: apps/v1; besides, spec.selector is required"),
        ("apps/v1beta2", "StatefulSet", "write apiVersion: apps/v1"),
        ("apps/v1beta2", "Deployment", "write apiVersion: apps/v1"),
        ("extensions/v1beta1", "Ingress", "write apiVersion: networking.k8s.io/v1; besides, spec.backend"),
        ("extensions/v1beta1", "NetworkPolicy", "write apiVersion: networking.k8s.io/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "an empty spec.selector ({}) means every pod"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "write apiVersion: autoscaling/v2"),
        ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "a metric's targetAverageUtilization is target:"),
        ("rbac.authorization.k8s.io/v1beta1", "Role", "write apiVersion: rbac.authorization.k8s.io/v1"),
        ("batch/v1beta1", "CronJob", "write apiVersion: batch/v1"),
    ],
)
def test_a_version_that_kubernetes_serves_no_more_is_an_error_that_says_what_to_write(
    version: str, kind: str, said: str
) -> None:
    found = elsewhere(version, kind)
    assert (found.is_error, found.field) == (True, "apiVersion")
    assert found.message.startswith(f'no kind "{kind}" in version "{version}": Kubernetes serves it no more')
    assert said in found.message


@pytest.mark.parametrize(
    ("version", "kind", "is_error", "said"),
    [
        ("apps/v1", "Deployment", False, "is Kubernetes' and not emulated by minisets"),
        ("networking.k8s.io/v1", "Ingress", False, "is Kubernetes' and not emulated"),
        ("cert-manager.io/v1", "Certificate", False, "is a custom resource: minisets runs no operators"),
        ("gateway.networking.k8s.io/v1", "Gateway", False, "is a custom resource"),
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview", False, "is a question and is not kept"),
        ("v1", "Role", True, "write apiVersion: rbac.authorization.k8s.io/v1"),
        ("apps/v1", "StatefullSet", True, 'did you mean "StatefulSet"?'),
        ("networking.k8s.io/v1", "NetworkPolcy", True, 'did you mean "NetworkPolicy"?'),
    ],
)
def test_what_is_left_out_is_a_notice_and_what_is_mistaken_an_error(
    version: str, kind: str, said: str, *, is_error: bool
) -> None:
    found = elsewhere(version, kind)
    assert found.is_error is is_error
    assert said in found.message


def test_no_version_that_is_served_is_called_an_old_one() -> None:
    assert [kind.api_version for kind in SERVED if retired_version(kind.api_version)] == []
    assert retired_version("extensions/v1beta1") == "apps/v1 or networking.k8s.io/v1"
