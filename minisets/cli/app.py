"""The `minisets` command: its subcommands, and what an error becomes for the person who caused it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any, cast

import click

from minisets import __version__
from minisets.errors import MinisetsError, UsageError

# Which module of this room has the command, and under which name.
# Why: a command imports what it needs only; `minisets get` must not pay for Docker or a live display.
_COMMANDS = {
    "up": ("up", "up"),
    "check": ("check", "check"),
    "down": ("down", "down"),
    "delete-pod": ("delete_pod", "delete_pod"),
    "get": ("reading", "get"),
    "describe": ("reading", "describe"),
    "logs": ("logs", "logs"),
    "exec": ("exec", "exec_"),
    "attach": ("attach", "attach"),
    "cp": ("cp", "cp"),
    "port-forward": ("port_forward", "port_forward"),
    "debug": ("debug", "debug"),
    "apply": ("writing", "apply"),
    "create": ("writing", "create"),
    "delete": ("writing", "delete"),
    "scale": ("writing", "scale"),
    "rollout": ("rollout", "rollout"),
    "explain": ("explain", "explain"),
    "node": ("node", "node"),
    "volumes": ("volumes", "volumes"),
    "snapshot": ("snapshot", "snapshot"),
    "status": ("about", "status"),
    "kubeconfig": ("about", "kubeconfig_"),
    "token": ("token", "token"),
    "daemon": ("about", "daemon"),
}


class _App(click.Group):
    """Errors are one line on stderr: misuse exits 2, failures 1, Ctrl-C 130. No traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        return cast("click.Command", getattr(import_module(f"minisets.cli.{module}"), attribute))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            self._end(str(error), 2)
        except MinisetsError as error:
            self._end(str(error), 1)
        except KeyboardInterrupt:
            self._end("interrupted", 130)
        except BrokenPipeError:
            # Why: `minisets get pods | head -1` is no failure; what is left to flush goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(141) from None

    @staticmethod
    def _end(message: str, code: int) -> None:
        click.echo(f"Error: {message}" if code != 130 else message, err=True)
        raise SystemExit(code)


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="minisets %(version)s")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Namespace for the command.")
@click.option(
    "--cluster", envvar="MINISETS_CLUSTER", default="", metavar="NAME", help="Cluster for the command."
)
@click.pass_context
def app(context: click.Context, namespace: str, cluster: str) -> None:
    """Kubernetes StatefulSets on nothing but a Docker Engine."""
    context.obj = {"namespace": namespace, "cluster": cluster}
