"""`minisets token` and `kubeconfig --certificate`: ways in for other people and programs."""

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from minisets.client.access import Access
from minisets.client.requests import ApiClient
from minisets.errors import NotFound, Unauthorized
from minisets.objects.kinds import Ref
from minisets.objects.tokens import secret_for
from tests.cli.conftest import Run
from tests.whole import Whole

NOBODY = Ref("Pod", "default", "nobody")


def opens(whole: Whole, token: str) -> bool:
    client = ApiClient(Access(whole.access.url, whole.access.authority, token))
    try:
        client.read(NOBODY)
    except NotFound:
        return True
    except Unauthorized:
        return False
    finally:
        client.close()
    return True


def test_a_token_is_printed_once_listed_and_revoked(run: Run, whole: Whole) -> None:
    assert run("token", "list").err == "No tokens found: only the kubeconfig's own opens the server.\n"
    made = run("token", "create", "ci")
    assert (made.code, made.err) == (0, "")
    token = made.out.removesuffix("\n")
    assert opens(whole, token)
    headings, row = run("token", "list").out.splitlines()
    assert headings.split() == ["NAME", "CREATED", "AGE"]
    assert row.split()[0] == "ci"
    assert row.split()[1].startswith("20")
    for shown in (run("token", "list"), run("get", "secret", "token-ci", "-n", "kube-system", "-o", "yaml")):
        assert token not in shown.out
        assert base64.b64encode(token.encode()).decode() not in shown.out
    assert run("token", "list", "-o", "name").out == "ci\n"
    assert run("token", "revoke", "ci").out == "token ci revoked\n"
    assert not opens(whole, token)
    assert run("token", "list", "-o", "name").out == ""
    assert opens(whole, whole.access.token)


def test_a_revoked_name_may_be_given_anew_and_opens_for_the_new_token_only(run: Run, whole: Whole) -> None:
    old = run("token", "create", "ci").out.strip()
    taken = run("token", "create", "ci")
    assert (taken.code, taken.out) == (1, "")
    assert taken.err == (
        "Error: there is a token ci already: choose another name, or `minisets token revoke ci`\n"
    )
    run("token", "revoke", "ci")
    new = run("token", "create", "ci").out.strip()
    assert (opens(whole, old), opens(whole, new)) == (False, True)


def test_a_whole_kubeconfig_is_printed_when_asked(run: Run, whole: Whole) -> None:
    said = yaml.safe_load(run("token", "create", "ci", "--kubeconfig").out)
    assert said["clusters"][0]["cluster"]["server"] == whole.access.url
    assert said["current-context"] == "ci@minisets"
    assert opens(whole, said["users"][0]["user"]["token"])
    assert whole.access.token not in str(said)


def test_several_are_revoked_together_or_none(run: Run, whole: Whole) -> None:
    made = [run("token", "create", name).out.strip() for name in ("a", "b")]
    refused = run("token", "revoke", "a", "c")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == ("Error: there is no token c, and none was revoked: see `minisets token list`\n")
    assert all(opens(whole, token) for token in made)
    assert run("token", "revoke", "a", "b").code == 0
    assert not any(opens(whole, token) for token in made)


def test_no_other_secret_is_listed_or_revoked(run: Run, whole: Whole) -> None:
    other = {**secret_for("mine", "x"), "type": "Opaque"}
    whole.client.create("Secret", "kube-system", other)
    run("token", "create", "ci")
    assert run("token", "list", "-o", "name").out == "ci\n"
    for name in ("mine", "minisets-admin", "token-ci", "Bad_Name"):
        assert run("token", "revoke", name).code == 1
    assert whole.client.get(Ref("Secret", "kube-system", "token-mine")) is not None
    assert run("token", "list", "-o", "name").out == "ci\n"


@pytest.mark.parametrize("name", ["Bad", "a.b", "-a", "x" * 64, "minisets-admin", "system:masters", ""])
@pytest.mark.parametrize("command", [("token", "create"), ("kubeconfig", "--certificate")])
def test_a_name_that_cannot_be_is_misuse(run: Run, home: Path, command: tuple[str, ...], name: str) -> None:
    refused = run(*command, "--", name) if command[0] == "token" else run(*command, name)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f'Error: the name "{name}" is not usable: ')
    assert refused.err.count("\n") == 1
    assert list(home.iterdir()) == []


def test_without_a_server_one_line_says_so(run: Run) -> None:
    for argv in (("create", "ci"), ("list",), ("revoke", "ci")):
        refused = run("token", *argv)
        assert (refused.code, refused.out) == (1, "")
        assert "no server runs" in refused.err
        assert refused.err.count("\n") == 1


# --- certificates ---


def answered(whole: Whole, config: Any, directory: Path) -> int:
    """The code that who has this kubeconfig is answered with."""
    user = config["users"][0]["user"]
    certificate, key = directory / "client.crt", directory / "client.key"
    certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
    key.write_bytes(base64.b64decode(user["client-key-data"]))
    context = ssl.create_default_context(cadata=whole.access.authority)
    context.load_cert_chain(certificate, key)
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        return int(pool.request("GET", f"{config['clusters'][0]['cluster']['server']}/api").status)


def test_a_kubeconfig_with_a_certificate_lets_its_user_in(run: Run, whole: Whole, tmp_path: Path) -> None:
    made = run("kubeconfig", "--certificate", "jane")
    assert made.code == 0
    assert made.err.startswith("it is good until 20")
    assert made.err.count("\n") == 1
    config = yaml.safe_load(made.out)
    assert config["users"][0]["name"] == "jane"
    assert whole.access.token not in made.out
    assert answered(whole, config, tmp_path) == 200


def test_a_certificate_is_not_merged(run: Run, whole: Whole) -> None:
    del whole
    refused = run("kubeconfig", "--certificate", "jane", "--merge")
    assert refused.code == 2
    assert "without --merge" in refused.err


def test_a_damaged_authority_is_said_in_one_line(run: Run, whole: Whole) -> None:
    (whole.places.state / "pki" / "ca.key").write_text("damaged")
    refused = run("kubeconfig", "--certificate", "jane")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Error: the cluster's certificate authority is not sound: ")
    assert refused.err.count("\n") == 1
