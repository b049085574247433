from minisets.objects.jsonvalues import copied, same


def test_a_copy_shares_nothing_not_even_with_itself() -> None:
    shared = {"a": [1]}
    copy = copied({"x": shared, "y": [shared]})
    copy["x"]["a"].append(2)
    assert (copy["y"], shared) == ([{"a": [1]}], {"a": [1]})


def test_values_are_the_same_only_with_the_same_type() -> None:
    assert same({"a": [1, "x", None]}, {"a": [1, "x", None]})
    assert not same([True], [1])
    assert not same(1, 1.0)
    assert not same({"a": 1}, {"a": 1, "b": 2})
