from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.links import real_path, ways

if TYPE_CHECKING:
    from minisets.kubelet.volumes.links import Look


def machine(**there: str) -> Look:
    """Folders everywhere, but for these: `srv_l="/x"` is a link; `FILE`, something that nothing lies in."""
    by_path = {f"/{name.replace('_', '/')}": text for name, text in there.items()}

    def look(path: str) -> str | None:
        said = by_path.get(path, "")
        return None if said == "FILE" else said

    return look


@pytest.mark.parametrize(
    ("path", "links", "leads"),
    [
        ("/srv/a", {}, ["/srv/a"]),
        ("/", {}, ["/"]),
        ("//srv/./a/", {}, ["/srv/a"]),
        ("/srv/a/../../var", {}, ["/var"]),
        ("/../../srv", {}, ["/srv"]),
        ("/var/run/x", {"var_run": "/run"}, ["/run/x", "/run/x"]),
        ("/var/run/x", {"var_run": "../run"}, ["/run/x", "/run/x"]),
        ("/a/b/c", {"a": "d/e", "d_e_b": "/f"}, ["/d/e/b/c", "/f/c", "/f/c"]),
        ("/a", {"a": "b", "b": "c"}, ["/b", "/c", "/c"]),
        # The kernel goes up from where the link leads, not from where it stands.
        ("/srv/l/../x", {"srv_l": "/var/lib/docker"}, ["/var/lib/x", "/var/lib/x"]),
        ("/srv/l", {"srv_l": "m/../x", "srv_m": "/var/lib/docker"}, ["/srv/x", "/var/lib/x", "/var/lib/x"]),
        ("/srv/file/x/l", {"srv_file": "FILE", "srv_file_x": "/y"}, ["/srv/file/x/l"]),
        ("/dev/fd/3/x", {"dev_fd": "/proc/self/fd", "proc_self": "7"}, ["/proc/self/fd/3/x"] * 2),
        ("/proc/7/root/srv", {"proc_7_root": "/"}, ["/proc/7/root/srv"]),
    ],
)
def test_a_path_is_followed_as_the_kernel_does(path: str, links: dict[str, str], leads: list[str]) -> None:
    look = machine(**links)
    assert list(ways(path, look)) == leads
    assert real_path(path, look) == leads[-1]


def test_links_that_lead_round_in_circles_are_told_of() -> None:
    with pytest.raises(NotYet, match="stat /a/x: too many levels of symbolic links"):
        real_path("/a/x", machine(a="b", b="a"))
