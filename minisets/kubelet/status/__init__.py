"""What is reported of a pod, from what is observed of it. Pure; `pods.py` writes it.

pod_status.py   phase, addresses, the whole      container_status.py   one container's state and restarts
conditions.py   the pod's conditions             announcing.py         what of a change is worth an event
"""
