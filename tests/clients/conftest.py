"""A whole server over the engine in memory, the article's manifest, and each client in turn."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from minisets.client.access import kubeconfig
from tests.clients.by_kr8s import Kr8s
from tests.clients.by_kubectl import Kubectl, kubectls
from tests.clients.by_kubernetes import Official
from tests.clients.by_lightkube import Lightkube
from tests.whole import Whole, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.speaking import Speaker

LIBRARIES = ("kubernetes", "lightkube", "kr8s")
NO_KUBECTL = "no kubectl on this machine: nothing shows that kubectl works"


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    with serving(tmp_path / "home") as running:
        running.engine.behave("*", output=(("stdout", b"hello\n"),))
        yield running


@pytest.fixture
def config(whole: Whole, tmp_path: Path) -> Path:
    file = tmp_path / "config"
    file.write_text(kubeconfig(whole.access, "minisets"))
    return file


@pytest.fixture(params=[*LIBRARIES, *(kubectls() or {"no kubectl": ""})])
def speaker(request: pytest.FixtureRequest, config: Path, tmp_path: Path) -> Iterator[Speaker]:
    match request.param:
        case "kubernetes":
            with closing(Official(config)) as official:
                yield official
        case "lightkube":
            with closing(Lightkube(config)) as lightkube:
                yield lightkube
        case "kr8s":
            with closing(Kr8s(config)) as kr8s:
                yield kr8s
        case "no kubectl":
            pytest.skip(NO_KUBECTL)
        case name:
            yield Kubectl(kubectls()[name], config, tmp_path)
