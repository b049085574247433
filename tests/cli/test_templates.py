"""What of a pod template is printed otherwise than by the kubectl of the other tests, or not at all there."""

from typing import Any

from minisets.cli.templates import template_text


def text(container: dict[str, Any] | None = None, **spec: Any) -> list[str]:
    held = {"name": "a", "image": "a:1", **(container or {})}
    return template_text({"spec": {"containers": [held], **spec}}).splitlines()


def test_the_least_template_says_what_it_has_not() -> None:
    assert text() == [
        "Pod Template:",
        "  Labels:\t<none>",
        "  Containers:",
        "   a:",
        "    Image:\ta:1",
        "    Port:\t<none>",
        "    Host Port:\t<none>",
        "    Environment:\t<none>",
        "    Mounts:\t<none>",
        "  Volumes:\t<none>",
        "  Node-Selectors:\t<none>",
        "  Tolerations:\t<none>",
    ]


def test_sources_of_a_projected_volume_are_optional_or_not() -> None:
    """An older kubectl prints an address in memory here."""
    sources = [
        {"secret": {"name": "s"}},
        {"configMap": {"name": "c", "optional": True}},
        {"downwardAPI": {"items": []}},
        {"serviceAccountToken": {"path": "t", "expirationSeconds": 60}},
    ]
    lines = text(volumes=[{"name": "p", "projected": {"sources": sources}}])
    begin = lines.index("   p:") + 1
    assert lines[begin : begin + 7] == [
        "    Type:\tProjected (a volume that contains injected data from multiple sources)",
        "    SecretName:\ts",
        "    Optional:\tfalse",
        "    ConfigMapName:\tc",
        "    Optional:\ttrue",
        "    DownwardAPI:\ttrue",
        "    TokenExpirationSeconds:\t60",
    ]


def test_a_volume_that_cannot_be_mounted_is_unknown() -> None:
    lines = text(volumes=[{"name": "n", "nfs": {"server": "s", "path": "/"}}])
    assert lines[lines.index("   n:") + 1] == "  <unknown>"


def test_devices_profiles_and_priorities_are_shown() -> None:
    profile = {"type": "Localhost", "localhostProfile": "tight.json"}
    container = {
        "securityContext": {"seccompProfile": profile},
        "volumeDevices": [{"devicePath": "/dev/b", "name": "b"}, {"devicePath": "/dev/a", "name": "a"}],
        "livenessProbe": {"periodSeconds": 1},
    }
    lines = text(container, priorityClassName="high")
    assert "    SeccompProfile:\tLocalhost" in lines
    assert "      LocalhostProfile:\ttight.json" in lines
    begin = lines.index("    Devices:")
    assert lines[begin + 1 : begin + 3] == ["      /dev/a from a", "      /dev/b from b"]
    assert "    Liveness:\tunknown delay=0s timeout=0s period=1s #success=0 #failure=0" in lines
    assert "  Priority Class Name:\thigh" in lines
