"""The authority, the server's certificate and the token: kept, private, and made anew in time."""

import io
import ssl
import stat
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from minisets.cluster import credentials
from minisets.cluster.private import write_private
from minisets.errors import MinisetsError

NOW = datetime.now(UTC)


def certificate(made: credentials.Credentials) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.certificate.read_bytes())


def names(made: credentials.Credentials) -> set[str]:
    found = certificate(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(entry.value) for entry in found}


def test_the_certificate_is_good_for_loopback_and_for_what_is_asked(tmp_path: Path) -> None:
    made = credentials.ensure(tmp_path, ("10.1.2.3", "kubernetes.default.svc"), NOW)
    assert names(made) == {"127.0.0.1", "::1", "localhost", "10.1.2.3", "kubernetes.default.svc"}
    assert made.hosts == ("127.0.0.1", "::1", "localhost", "10.1.2.3", "kubernetes.default.svc")
    usage = certificate(made).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    context = ssl.create_default_context(cadata=made.ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.cert_store_stats()["x509_ca"] == 1


def test_what_is_kept_is_taken_again(tmp_path: Path) -> None:
    first = credentials.ensure(tmp_path / "new", (), NOW)
    kept = first.certificate.read_bytes()
    assert credentials.ensure(tmp_path / "new", (), NOW + timedelta(days=30)) == first
    assert first.certificate.read_bytes() == kept
    assert len(first.token) >= 43


def test_everything_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    credentials.ensure(tmp_path / "keys", (), NOW)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    files = list((tmp_path / "keys").iterdir())
    assert {path.name for path in files} == {"ca.crt", "ca.key", "server.crt", "server.key", "token"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


@pytest.mark.parametrize("after", [timedelta(days=336), timedelta(days=400)])
def test_a_certificate_near_its_end_is_made_anew_under_the_same_authority(
    tmp_path: Path, after: timedelta
) -> None:
    first = credentials.ensure(tmp_path, (), NOW)
    kept = certificate(first)
    later = credentials.ensure(tmp_path, (), NOW + after)
    assert certificate(later).serial_number != kept.serial_number
    assert certificate(later).not_valid_after_utc > NOW + after + timedelta(days=300)
    assert (later.ca, later.token) == (first.ca, first.token)


def test_another_name_makes_another_certificate_and_keeps_authority_and_token(tmp_path: Path) -> None:
    first = credentials.ensure(tmp_path, (), NOW)
    more = credentials.ensure(tmp_path, ("10.1.2.3",), NOW)
    assert "10.1.2.3" in names(more)
    assert (more.ca, more.token) == (first.ca, first.token)


def test_an_authority_near_its_end_takes_everything_with_it_but_the_token(tmp_path: Path) -> None:
    first = credentials.ensure(tmp_path, (), NOW)
    later = credentials.ensure(tmp_path, (), NOW + timedelta(days=3600))
    assert later.ca != first.ca
    assert later.token == first.token
    certificate(later).verify_directly_issued_by(x509.load_pem_x509_certificate(later.ca.encode()))


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key", "token"])
@pytest.mark.parametrize("content", [b"", b"damaged", b"\xff\xfe"])  # any text may be a token
def test_a_damaged_file_is_mended(tmp_path: Path, name: str, content: bytes) -> None:
    credentials.ensure(tmp_path, (), NOW)
    (tmp_path / name).write_bytes(content)
    mended = credentials.ensure(tmp_path, (), NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(mended.certificate, mended.key)
    certificate(mended).verify_directly_issued_by(x509.load_pem_x509_certificate(mended.ca.encode()))
    assert mended.token


def test_an_authority_from_the_future_is_made_anew(tmp_path: Path) -> None:
    """The first `up` was typed while the machine's clock was wrong."""
    credentials.ensure(tmp_path, (), NOW + timedelta(days=1000))
    mended = credentials.ensure(tmp_path, (), NOW)
    authority = x509.load_pem_x509_certificate(mended.ca.encode())
    assert authority.not_valid_before_utc <= NOW
    assert certificate(mended).not_valid_before_utc <= NOW


@pytest.mark.parametrize(
    "content", [bytes(43), b"one\ntwo", "\N{EURO SIGN}".encode()], ids=["zeros", "lines", "no-latin-1"]
)
def test_a_token_that_no_request_can_carry_is_made_anew(tmp_path: Path, content: bytes) -> None:
    """A file of zeros is what a power failure leaves."""
    credentials.ensure(tmp_path, (), NOW)
    (tmp_path / "token").write_bytes(content)
    token = credentials.ensure(tmp_path, (), NOW).token
    assert token.isascii()
    assert token.isprintable()


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MinisetsError, match=r"the credentials in .*file/keys cannot be kept"):
        credentials.ensure(tmp_path / "file" / "keys", (), NOW)


def test_a_private_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_private_file_that_cannot_be_replaced_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_private(path, "new")
    assert list(tmp_path.iterdir()) == [path]


# --- for a server whose files lie elsewhere ---


def held(*names: str) -> dict[str, bytes]:
    """The files of a server that has been made once, of all names or of these."""
    made = credentials.outside({}, ("10.1.2.3",), NOW).changed
    return {name: made[name] for name in names or credentials.FILES}


def test_a_server_without_files_gets_all_of_them() -> None:
    handed = credentials.outside({}, ("10.1.2.3",), NOW)
    assert set(handed.changed) == {"ca.crt", "ca.key", "server.crt", "server.key", "token"}
    assert handed.changed["token"].decode().strip() == handed.token
    assert handed.changed["ca.crt"].decode() == handed.ca
    assert credentials.of_clients(handed.changed) == (handed.ca, handed.token)


def test_a_server_that_has_what_it_needs_gets_nothing() -> None:
    had = held()
    handed = credentials.outside(had, ("10.1.2.3",), NOW + timedelta(days=100))
    assert handed.changed == {}
    assert (handed.ca, handed.token) == credentials.of_clients(had)


def test_files_of_other_names_are_neither_read_nor_handed_back() -> None:
    had = {**held(), "notes.txt": b"theirs", "../escape": b"", "": b""}
    assert credentials.outside(had, ("10.1.2.3",), NOW).changed == {}


def test_another_name_changes_the_certificate_and_nothing_that_clients_have() -> None:
    had = held()
    handed = credentials.outside(had, ("10.1.2.3", "10.9.9.9"), NOW)
    assert set(handed.changed) == {"server.crt", "server.key"}
    assert (handed.ca, handed.token) == credentials.of_clients(had)
    found = x509.load_pem_x509_certificate(handed.changed["server.crt"])
    names_in = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"10.1.2.3", "10.9.9.9"} <= {str(entry.value) for entry in names_in}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("token", {"token"}),
        ("server.crt", {"server.crt", "server.key"}),
        ("server.key", {"server.crt", "server.key"}),
        ("ca.crt", {"ca.crt", "ca.key", "server.crt", "server.key"}),
        ("ca.key", {"ca.crt", "ca.key", "server.crt", "server.key"}),
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"], ids=["missing", "empty", "damaged"])
def test_what_is_missing_or_damaged_is_mended_with_what_depends_on_it(
    name: str, changed: set[str], content: bytes | None
) -> None:
    had = {**held(), name: content or b""}
    if content is None:
        del had[name]
    handed = credentials.outside(had, ("10.1.2.3",), NOW)
    assert set(handed.changed) == changed
    whole = {**had, **handed.changed}
    assert credentials.outside(whole, ("10.1.2.3",), NOW).changed == {}, "mended once, it stays"
    assert credentials.of_clients(whole) == (handed.ca, handed.token)


def test_the_key_of_another_authority_is_not_believed() -> None:
    had = {**held(), "ca.key": held("ca.key")["ca.key"]}
    assert set(credentials.outside(had, ("10.1.2.3",), NOW).changed) == set(credentials.FILES) - {"token"}


def test_a_certificate_near_its_end_is_handed_over_anew() -> None:
    had = held()
    handed = credentials.outside(had, ("10.1.2.3",), NOW + timedelta(days=340))
    assert set(handed.changed) == {"server.crt", "server.key"}


def test_nothing_of_it_stays_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    credentials.outside({}, (), NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_archive_has_the_changed_files_for_roots_eyes_only() -> None:
    handed = credentials.outside(held("ca.crt", "ca.key", "token"), ("10.1.2.3",), NOW)
    with tarfile.open(fileobj=io.BytesIO(handed.archive())) as tar:
        folder, *files = tar.getmembers()
        assert (folder.name, folder.isdir(), folder.mode, folder.uid, folder.gid) == (
            "pki",
            True,
            0o700,
            0,
            0,
        )
        assert {(entry.name, entry.isreg(), entry.mode, entry.uid, entry.gid) for entry in files} == {
            ("pki/server.crt", True, 0o600, 0, 0),
            ("pki/server.key", True, 0o600, 0, 0),
        }
        for entry in files:
            inside = tar.extractfile(entry)
            assert inside is not None
            assert inside.read() == handed.changed[entry.name.removeprefix("pki/")]


def test_an_unpacked_archive_is_what_a_server_takes_again(tmp_path: Path) -> None:
    handed = credentials.outside({}, ("10.1.2.3",), NOW)
    with tarfile.open(fileobj=io.BytesIO(handed.archive())) as tar:
        tar.extractall(tmp_path, filter="data")
    taken = credentials.ensure(tmp_path / credentials.FOLDER, ("10.1.2.3",), NOW)
    assert (taken.ca, taken.token) == (handed.ca, handed.token)
    assert taken.certificate.read_bytes() == handed.changed["server.crt"]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"ca.crt": b"authority"}, id="no-token"),
        pytest.param({"token": b"secret"}, id="no-authority"),
        pytest.param({"ca.crt": b"authority", "token": b""}, id="empty-token"),
        pytest.param({"ca.crt": b"authority", "token": b" \n"}, id="blank-token"),
        pytest.param({"ca.crt": b"", "token": b"secret"}, id="empty-authority"),
    ],
)
def test_what_clients_need_is_there_as_a_whole_or_not_at_all(files: dict[str, bytes]) -> None:
    assert credentials.of_clients(files) is None


def test_a_token_is_taken_without_its_line_end() -> None:
    made = credentials.outside({}, (), NOW)
    held = {"ca.crt": made.ca.encode(), "token": b"secret\n"}
    assert credentials.of_clients(held) == (made.ca, "secret")


# --- certificates of clients ---


def test_a_clients_certificate_names_its_user_and_groups_and_lasts_a_year() -> None:
    had = held()
    issued = credentials.issue_client(had, "jane", ("system:masters", "team"), NOW)
    made, authority = (
        x509.load_pem_x509_certificate(one) for one in (issued.certificate.encode(), had["ca.crt"])
    )
    made.verify_directly_issued_by(authority)
    assert made.subject.rfc4514_string() == "CN=jane,O=team,O=system:masters"
    assert made.not_valid_before_utc <= NOW < made.not_valid_after_utc <= NOW + timedelta(days=365)
    assert issued.until == made.not_valid_after_utc
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    key = serialization.load_pem_private_key(issued.key.encode(), None)
    assert key.public_key() == made.public_key()
    again = credentials.issue_client(had, "jane", (), NOW)
    assert again.key != issued.key


def test_a_clients_certificate_lasts_no_longer_than_its_authority() -> None:
    had, late = held(), NOW + timedelta(days=3600)
    ends = x509.load_pem_x509_certificate(had["ca.crt"]).not_valid_after_utc
    assert credentials.issue_client(had, "jane", (), late).until == ends


@pytest.mark.parametrize("name", ["ca.crt", "ca.key"])
def test_without_a_sound_authority_no_certificate_is_issued(name: str) -> None:
    for content in (b"", b"damaged", held(name)[name]):
        with pytest.raises(MinisetsError, match="certificate authority is not sound"):
            credentials.issue_client({**held(), name: content}, "jane", (), NOW)
    with pytest.raises(MinisetsError, match="certificate authority is not sound"):
        credentials.issue_client({}, "jane", (), NOW)


def test_the_files_of_a_directory_are_read_as_far_as_they_are_there(tmp_path: Path) -> None:
    assert credentials.kept(tmp_path / "nowhere") == {}
    credentials.ensure(tmp_path, (), NOW)
    (tmp_path / "server.key").unlink()
    (tmp_path / "notes.txt").write_text("theirs")
    assert set(credentials.kept(tmp_path)) == {"ca.crt", "ca.key", "server.crt", "token"}
    (tmp_path / "server.key").mkdir()
    with pytest.raises(MinisetsError, match="cannot be read"):
        credentials.kept(tmp_path)
