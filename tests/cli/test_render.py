"""Tables, objects and lists as kubectl prints them."""

import json

from minisets.cli import render

TABLE = {
    "columnDefinitions": [
        {"name": "Name", "priority": 0},
        {"name": "Ready", "priority": 0},
        {"name": "IP", "priority": 1},
    ],
    "rows": [
        {"cells": ["web-0", "1/1", None], "object": {"metadata": {"namespace": "default", "name": "web-0"}}},
        {"cells": ["web-10", True, "10.0.0.1"], "object": {"metadata": {"namespace": "kube-system"}}},
    ],
}


def text(lines: list[str]) -> str:
    return "\n".join(lines)


def test_a_table_is_aligned_and_hides_what_is_only_for_wide() -> None:
    assert text(render.table_lines(TABLE)) == "NAME     READY\nweb-0    1/1\nweb-10   true"


def test_a_wide_table_has_all_columns() -> None:
    assert text(render.table_lines(TABLE, wide=True)) == (
        "NAME     READY   IP\nweb-0    1/1     <none>\nweb-10   true    10.0.0.1"
    )


def test_namespaces_stand_first() -> None:
    assert text(render.table_lines(TABLE, namespaces=True)) == (
        "NAMESPACE     NAME     READY\ndefault       web-0    1/1\nkube-system   web-10   true"
    )


def test_kinds_stand_before_names_and_the_header_can_be_left_out() -> None:
    assert (
        text(render.table_lines(TABLE, header=False, prefix="pod/")) == "pod/web-0    1/1\npod/web-10   true"
    )


def test_a_narrow_column_is_six_wide() -> None:
    assert render.aligned([["a", "b"]]) == ["a     b"]


def test_later_lines_fall_in_with_the_columns_before_them() -> None:
    widths: list[int] = []
    render.aligned([["NAME", "READY"], ["a-long-name", "1/1"]], widths)
    assert render.aligned([["short", "0/1"]], widths) == ["short         0/1"]


def test_a_cell_ends_with_its_first_line() -> None:
    table = {**TABLE, "rows": [{"cells": ["web-0", "two\nlines", ""]}]}
    assert render.table_lines(table)[1] == "web-0   two..."


def test_a_cell_commands_no_terminal() -> None:
    table = {**TABLE, "rows": [{"cells": ["web-0", "\x1b[31mred", ""]}]}
    assert render.table_lines(table)[1] == "web-0   ^[[31mred"


def test_no_rows_at_all_are_no_lines() -> None:
    assert render.aligned([]) == []


def test_yaml_is_sorted_and_text_of_several_lines_is_a_block() -> None:
    obj = {
        "kind": "ConfigMap",
        "data": {"file": "a\nb\n", "number": "1", "void": None},
        "list": [1, {"a": "ä"}],
    }
    assert render.as_yaml(obj) == (
        "data:\n  file: |\n    a\n    b\n  number: '1'\n  void: null\nkind: ConfigMap\nlist:\n- 1\n- a: ä\n"
    )


def test_json_reads_back() -> None:
    printed = render.as_json(render.as_list([{"kind": "Pod"}]))
    assert printed.endswith("}\n")
    assert json.loads(printed) == {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"kind": "Pod"}],
        "metadata": {"resourceVersion": ""},
    }


def test_names_carry_kind_and_group() -> None:
    objects = [{"kind": "Pod", "metadata": {"name": "a"}}, {"kind": "StatefulSet", "metadata": {"name": "b"}}]
    assert render.as_names(objects) == ["pod/a", "statefulset.apps/b"]
