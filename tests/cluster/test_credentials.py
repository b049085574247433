"""The authority, the server's certificate and the token: kept, private, and made anew in time."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
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
