from typing import Any

import pytest

from minisets.engine.interface import PathStat
from minisets.kubelet.failures import NotYet
from minisets.kubelet.volumes.subpaths import Part, part_of, sub_path_of

VOLUME = {
    "/v/www": PathStat("directory", 0o755),
    "/v/www/data": PathStat("directory", 0o755),
    "/v/www/data/file": PathStat("file", 0o644),
    "/v/www/key": PathStat("symlink", 0o777, "/v/www/..1/key"),
    "/v/www/..1": PathStat("directory", 0o755),
    "/v/www/..1/key": PathStat("file", 0o644),
    "/v/www/near": PathStat("symlink", 0o777, "/v/www/data"),
    "/v/www/root": PathStat("symlink", 0o777, "/v/www"),
    "/v/www/nowhere": PathStat("symlink", 0o777, "/v/www/none"),
    "/v/www/machine": PathStat("symlink", 0o777, "/"),
    "/v/www/other": PathStat("symlink", 0o777, "/v/www2/secret"),
}


@pytest.mark.parametrize(
    ("sub_path", "part"),
    [
        ("data", Part(("data",))),
        ("data/file", Part(("data", "file"))),
        ("./data//file/", Part(("data", "file"))),
        (".", Part(())),
        ("data/new/er", Part(("data",), ("new", "er"))),
        ("new", Part((), ("new",))),
        ("key", Part(("..1", "key"))),
        ("near/file", Part(("data", "file"))),
        ("near/new", Part(("data",), ("new",))),
        ("root/data", Part(("data",))),
        ("root", Part(())),
    ],
)
def test_a_part_is_found_without_links(sub_path: str, part: Part) -> None:
    assert part_of("/v/www", sub_path, VOLUME.get) == part


def test_a_link_that_leads_nowhere_is_no_part() -> None:
    with pytest.raises(FileNotFoundError, match="the link /nowhere leads nowhere"):
        part_of("/v/www", "nowhere/deeper", VOLUME.get)


def test_the_path_of_a_part_is_below_the_volume() -> None:
    assert Part(("data",), ("new", "er")).path == "data/new/er"
    assert Part(()).path == ""


@pytest.mark.parametrize(
    ("sub_path", "why"),
    [
        ("machine", "the link /machine leads out of the volume"),
        ("machine/etc/shadow", "the link /machine leads out of the volume"),
        ("other", "the link /other leads out of the volume"),
        ("data/file/deeper", "/data/file is not a directory"),
        ("key/deeper", "/key is not a directory"),
    ],
)
def test_what_leads_out_of_the_volume_is_no_part_of_it(sub_path: str, why: str) -> None:
    """CVE-2017-1002101, CVE-2021-25741."""
    with pytest.raises(ValueError, match=why):
        part_of("/v/www", sub_path, VOLUME.get)


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ({}, ""),
        ({"subPath": "a/b"}, "a/b"),
        ({"subPath": "$(POD)"}, "$(POD)"),
        ({"subPathExpr": "$(POD)/x"}, "web-0/x"),
        ({"subPathExpr": "$(POD)$(EMPTY)"}, "web-0"),
        ({"subPathExpr": "$$(POD)"}, "$(POD)"),
        ({"subPathExpr": "..$(POD)"}, "..web-0"),
    ],
)
def test_a_sub_path_may_name_variables(mount: dict[str, Any], expected: str) -> None:
    assert sub_path_of(mount, {"POD": "web-0", "EMPTY": ""}) == expected


@pytest.mark.parametrize(
    ("mount", "why"),
    [
        ({"subPathExpr": "$(NONE)"}, 'missing value for "NONE"'),
        ({"subPathExpr": "$(NONE$(ROOT))"}, 'missing value for "NONE$(ROOT"'),
        ({"subPathExpr": "$(ROOT)"}, "error SubPath `/etc` must not be an absolute path"),
        ({"subPathExpr": "a/$(UP)"}, "unable to provision SubPath `a/..`: must not contain '..'"),
        ({"subPath": "../x"}, "unable to provision SubPath `../x`: must not contain '..'"),
    ],
)
def test_a_sub_path_that_can_be_no_part_of_a_volume_is_refused(mount: dict[str, Any], why: str) -> None:
    with pytest.raises(NotYet) as caught:
        sub_path_of(mount, {"ROOT": "/etc", "UP": ".."})
    assert (str(caught.value), caught.value.reason) == (why, "CreateContainerConfigError")
