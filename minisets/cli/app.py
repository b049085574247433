"""The `minisets` command: its subcommands, and what an error becomes for the person who caused it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from minisets import __version__
from minisets.cli import about, down, pods, reading, up, writing
from minisets.errors import MinisetsError, UsageError


class _App(click.Group):
    """Errors are one line on stderr: misuse exits 2, failures 1, Ctrl-C 130. No traceback."""

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
            ctx.exit(141)

    @staticmethod
    def _end(message: str, code: int) -> None:
        click.echo(f"Error: {message}" if code != 130 else message, err=True)
        raise SystemExit(code)


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="minisets %(version)s")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Namespace for the command.")
@click.option("--cluster", default="", metavar="NAME", help="Cluster for the command.")
@click.pass_context
def app(context: click.Context, namespace: str, cluster: str) -> None:
    """Kubernetes StatefulSets on nothing but a Docker Engine."""
    context.obj = {"namespace": namespace, "cluster": cluster}


for command in (
    up.up,
    down.down,
    pods.delete_pod,
    reading.get,
    reading.describe,
    pods.logs,
    pods.exec_,
    writing.apply,
    writing.create,
    writing.delete,
    writing.scale,
    about.status,
    about.kubeconfig_,
    about.daemon,
):
    app.add_command(command)
