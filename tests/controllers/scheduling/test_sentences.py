"""What is said of nodes that refuse."""

from minisets.controllers.scheduling.refusal import Refusal
from minisets.controllers.scheduling.sentences import counted


def test_reasons_are_counted_over_all_nodes_and_sorted_as_text() -> None:
    cpu, memory = Refusal("Insufficient cpu", "Fit"), Refusal("Insufficient memory", "Fit")
    cordon = Refusal("node(s) were unschedulable", "NodeUnschedulable", is_lasting=True)
    refused = {"a": (cpu, memory), "b": (cpu,), "c": (cordon,)}
    assert counted(refused) == (
        "0/3 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable, 2 Insufficient cpu."
    )
