"""`minisets token`: named tokens for other people and programs, made, listed and revoked.

Each is a Secret of the API's (`objects/tokens.py`), so that kubectl sees them, and deleting one revokes it.
The kubeconfig's own token is none of them: nobody can lock themselves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from minisets.api.ages import since
from minisets.cli.render import aligned
from minisets.cli.session import Session, note, say, with_session
from minisets.client.access import kubeconfig_for
from minisets.errors import AlreadyExists, MinisetsError, UsageError
from minisets.objects import tokens
from minisets.objects.metadata import meta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minisets.client.requests import ApiClient
    from minisets.objects.kinds import Object


@click.group()
@with_session
def token(session: Session) -> None:
    """Named tokens, each of which may do everything that you may; make, list and revoke them."""
    del session


@token.command()
@click.argument("name", metavar="NAME")
@click.option("--kubeconfig", "whole", is_flag=True, help="Print a kubeconfig with the token in it.")
@with_session
def create(session: Session, name: str, *, whole: bool) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    if wrong := tokens.complaints(name):
        raise UsageError(f'the name "{name}" is not usable: {wrong[0]}')
    access = session.access()
    made = tokens.new_token()
    try:
        session.client(access).create("Secret", tokens.NAMESPACE, tokens.secret_for(name, made))
    except AlreadyExists as error:
        flags = session.flags
        raise MinisetsError(
            f"there is a token {name} already: choose another name, or `minisets{flags} token revoke {name}`"
        ) from error
    if whole:
        click.echo(kubeconfig_for(access, session.cluster, name, made), nl=False)
    else:
        say(made)


@token.command("list")
@click.option("-o", "--output", "form", default="", type=click.Choice(["", "name"]))
@with_session
def list_(session: Session, form: str) -> None:
    """Show whose tokens there are, and since when. When one was used is not kept."""
    found = _all(session.client())
    if form == "name":
        for secret in found:
            say(tokens.name_in(secret))
    elif not found:
        note("No tokens found: only the kubeconfig's own opens the server.")
    else:
        now = session.clock.now()
        stamps = [(tokens.name_in(one), str(meta(one).get("creationTimestamp") or "")) for one in found]
        rows = [[name, created, since(created, now)] for name, created in stamps]
        for line in aligned([["NAME", "CREATED", "AGE"], *rows]):
            say(line)


def _all(client: ApiClient) -> Sequence[Object]:
    secrets = client.select("Secret", tokens.NAMESPACE, fields=f"type={tokens.TYPE}").items
    return [one for one in secrets if tokens.name_in(one)]


@token.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@with_session
def revoke(session: Session, names: tuple[str, ...]) -> None:
    """Let nobody in with these tokens any more; what they hold open (watches, logs, exec) ends now."""
    client = session.client()
    known = {tokens.name_in(one) for one in _all(client)}
    if missing := [name for name in names if name not in known]:
        raise MinisetsError(
            f"there is no token {missing[0]}, and none was revoked: see `minisets token list`"
        )
    for name in names:
        client.delete(tokens.ref_of_token(name))
        say(f"token {name} revoked")
