"""minisets: Kubernetes StatefulSets on nothing but a Docker Engine. The map of rooms is in README.md."""

__version__ = "0.1.0"
