"""Endpoints of Services: which pods stand behind each, at which addresses and ports, ready or not.

Belongs here: what Kubernetes' pkg/controller/{endpoint,endpointslice} decide. Must not: names and DNS
(`dns/` reads the slices), whether a pod is ready (`kubelet/`), Services without a selector (people's own).

    reconciler.py -> targets.py (a pod as a target) -> slices.py (EndpointSlices), legacy.py (Endpoints)

All but `reconciler.py` is pure.

2026-11-23: Endpoints are computed from the pods, as EndpointSlices are, not from the slices: the two
differ for pods that are being deleted. They are mirrored at all because clients of 2026 still ask.
"""
