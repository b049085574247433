"""A plan told to a person: what is next, what holds it up and why, and the command that unsticks it.

Belongs here: choosing and wording facts. Must not: deciding about pods (`plan.py`), reading (who has a client
hands in what `concerned` names), the form of a duration. Pure, so that a command, a page or a log can print
it.

    explanation.py  the lines in order      ailments.py  what is wrong with one pod
    steps.py        what is next            remedies.py  what to type
"""

from __future__ import annotations

from minisets.controllers.statefulset.explain.explanation import concerned, explained

__all__ = ["concerned", "explained"]
