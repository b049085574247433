"""What pods mount: volumes of their own, claims' volumes, paths of the machine, and parts of all of these.

Belongs here: what stands behind a volume, what is in it and whose it is, and the provisioner of claims'
Docker volumes. Must not: when to write or mount (`plan.py`), which volume a claim gets
(`controllers/volumes`).

    mounts.py       what stands behind each volume (pure)    mounting.py     makes them, fills them, owns them
    files.py        configMap, secret, ... as files (pure)   subpaths.py     a part, and that it stays inside
    host_paths.py   looks at the machine                     provisioner.py  claims' volumes, made and deleted
"""
