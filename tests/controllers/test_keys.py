import pytest

from minisets.controllers.keys import key_for, ref_from
from minisets.objects.kinds import Ref


@pytest.mark.parametrize("ref", [Ref("Pod", "default", "web-0"), Ref("Node", "", "minisets-0")])
def test_a_key_can_be_read_back(ref: Ref) -> None:
    assert ref_from(key_for(ref)) == ref
