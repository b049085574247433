"""From a person's machine: find, start, reach and stop the server of one cluster.

Belongs here: which engine, which subnet, which port, keys and kubeconfig, the server's life.
Must not: anything that runs inside the server (it is handed `Settings` and nothing else), printing.

    places.py       where a cluster's files lie             engine.py   which engine, and is it fit
    network.py      a subnet that clashes with nothing      endpoint.py the port that is kept, kubeconfig
    credentials.py  authority, certificate, token           control.py  start, find, stop
    private.py      files for one person's eyes             removal.py  everything of the cluster, gone

2026-11-23: The server is a host process for now (root on Linux: port 53 of the bridge). The control
container takes its place behind `control.py`; callers see `Access` and nothing of how it runs.
"""
