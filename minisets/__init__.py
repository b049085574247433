"""minisets: Kubernetes StatefulSets on nothing but a Docker Engine. The map of rooms is in README.md.

What we did not write ourselves, and which room owns it:
    docker        the engine's SDK                          engine/docker*.py
    aiohttp       the HTTPS server                          api/
    urllib3       the API's client, and the SDK's transport client/
    websockets    streams through the API                   client/sockets.py
    dnslib        DNS packets                               dns/packets.py
    h2            gRPC health checks: HTTP/2, HPACK         kubelet/probes/health.py
    pyyaml        manifests, kubeconfig, -o yaml            objects/, client/access.py, cli/render.py
    cryptography  authority and certificates                cluster/credentials.py
    click, rich   the command line                          cli/

2026-11-23: No typed Kubernetes structs (lightkube-models and its like). Stored objects are JSON in
canonical form and revisions must be byte-equal to them; structs would parse each object again, drop
fields they do not know and know no merge keys. Facts about types come from objects/schema.json alone.
"""

__version__ = "0.1.0"
