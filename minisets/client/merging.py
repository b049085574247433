"""Our entries in a kubeconfig that is a person's own: put in, replaced, taken out. Pure: text to text.

An entry of ours is known by an extension of its cluster. What else is in the file stays, but for comments, as
with kubectl's own `config` commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from minisets.client.access import kubeconfig
from minisets.errors import MinisetsError
from minisets.settings import DEFAULT_CLUSTER

if TYPE_CHECKING:
    from minisets.client.access import Access

_MARK = "minisets.dev/cluster"
_LISTS = ("clusters", "users", "contexts")


def entry_name(cluster: str) -> str:
    """What our entries are called among others: `minisets`, or `minisets-<cluster>`."""
    return cluster if cluster == DEFAULT_CLUSTER else f"minisets-{cluster}"


def merged(text: str, access: Access, cluster: str, *, use: bool, source: str) -> str:
    """The file with our three entries, new or replaced; use: their context becomes current.

    MinisetsError, naming the source, where it is no kubeconfig, or has another's entries of that name.
    """
    config = _read(text, source)
    name = entry_name(cluster)
    if any(_named(config, key, name) for key in _LISTS) and not _is_ours(config, name, cluster):
        raise MinisetsError(
            f'{source} has a cluster, user or context "{name}" that is not minisets\': rename that '
            "(`kubectl config rename-context`), or use `minisets kubeconfig > FILE` and KUBECONFIG=FILE"
        )
    ours: dict[str, Any] = yaml.safe_load(kubeconfig(access, cluster))
    ours["clusters"][0]["cluster"]["extensions"] = [{"name": _MARK, "extension": {"cluster": cluster}}]
    context = ours["contexts"][0]["context"]
    context["cluster"] = context["user"] = name
    for key in _LISTS:
        ours[key][0]["name"] = name
        config[key] = [*_others(config, key, name), ours[key][0]]
    if use:
        config["current-context"] = name
    return _written(config)


def without(text: str, cluster: str, source: str) -> str | None:
    """The file without our entries, and without a current context that was ours; None: it has none."""
    config = _read(text, source)
    name = entry_name(cluster)
    if not _is_ours(config, name, cluster):
        return None
    for key in _LISTS:
        config[key] = _others(config, key, name)
    if config.get("current-context") == name:
        config["current-context"] = ""
    return _written(config)


def _read(text: str, source: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text) or {"apiVersion": "v1", "kind": "Config"}
    except yaml.YAMLError as error:
        raise MinisetsError(
            f"{source} is no YAML and stays as it is: {' '.join(str(error).split())}"
        ) from error
    lists = [config.get(key) or [] for key in _LISTS] if isinstance(config, dict) else [None]
    if not all(isinstance(each, list) and all(isinstance(one, dict) for one in each) for each in lists):
        raise MinisetsError(f"{source} is no kubeconfig and stays as it is: mend or move it")
    return dict(config)


def _others(config: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    return [one for one in config.get(key) or [] if one.get("name") != name]


def _named(config: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    return [one for one in config.get(key) or [] if one.get("name") == name]


def _is_ours(config: dict[str, Any], name: str, cluster: str) -> bool:
    """Whether the cluster of that name has our mark, with this cluster in it."""
    wanted = {"name": _MARK, "extension": {"cluster": cluster}}
    held = [(one.get("cluster") or {}).get("extensions") or [] for one in _named(config, "clusters", name)]
    return any(wanted in extensions for extensions in held)


def _written(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False)
