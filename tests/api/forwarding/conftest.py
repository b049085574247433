"""A pod whose address is this machine's loopback."""

import pytest

from tests.api.serving import Running, run_pod, set_status


@pytest.fixture
def web(running: Running) -> Running:
    run_pod(running, "web-0")
    set_status(running, "web-0", {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]})
    return running
