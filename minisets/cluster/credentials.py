"""What makes the way in safe: a certificate authority of our own, the server's certificate, a token.

Kept in the state directory, readable by its owner only; certificates are made anew before they expire
or when the server gets another name; clients' are handed out and kept nowhere. Leaves when that is checked
to its callers, which kubeconfig file is written to `cli/`, named tokens to `objects/tokens.py`.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minisets.cluster.private import write_private
from minisets.engine.archives import archive, file, folder
from minisets.errors import MinisetsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

ALWAYS = ("127.0.0.1", "::1", "localhost")
_CA_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=365)
_AHEAD = timedelta(days=30)
"""How long before its end a certificate is made anew."""
_SKEW = timedelta(hours=1)

FOLDER = "pki"
"""Where a cluster's credentials lie in its state."""
_CA, _CA_KEY = "ca.crt", "ca.key"
_CERTIFICATE, _KEY, _TOKEN = "server.crt", "server.key", "token"
FILES = (_CA, _CA_KEY, _CERTIFICATE, _KEY, _TOKEN)


@dataclass(frozen=True)
class Credentials:
    """What the server needs (certificate and key, as files) and what its clients need (ca and token).

    hosts: the names and addresses that the certificate is good for.
    """

    token: str
    ca: str
    certificate: Path
    key: Path
    hosts: tuple[str, ...]


def ensure(directory: Path, hosts: Iterable[str], now: datetime) -> Credentials:
    """The credentials kept in the directory; what is missing, damaged, stale or lacks a host is made.

    The authority and the token stay while they can, so that kubeconfigs stay good.
    Raises MinisetsError where the directory cannot be used.
    """
    names = tuple(dict.fromkeys((*ALWAYS, *hosts)))
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = _authority(directory, now)
        if not _is_good(directory, authority[0], names, now):
            _issue(directory, authority, names, now)
        return Credentials(
            token=_token(directory),
            ca=(directory / _CA).read_text(),
            certificate=directory / _CERTIFICATE,
            key=directory / _KEY,
            hosts=names,
        )
    except OSError as error:
        raise MinisetsError(
            f"the credentials in {directory} cannot be kept ({error.strerror}): make that directory writable"
        ) from error


@dataclass(frozen=True)
class Handed:
    """What clients need (ca and token), and the files to be handed to the server: those that changed."""

    token: str
    ca: str
    changed: Mapping[str, bytes]

    def archive(self) -> bytes:
        """A tar with `FOLDER` and the changed files in it, for root's eyes only."""
        files = (file(f"{FOLDER}/{name}", 0o600, data) for name, data in self.changed.items())
        return archive((folder(FOLDER, 0o700), *files))


def outside(held: Mapping[str, bytes], hosts: Iterable[str], now: datetime) -> Handed:
    """As `ensure`, for a server whose files lie elsewhere: from those that it has, by name."""
    with tempfile.TemporaryDirectory(prefix="minisets-") as folder:
        here = Path(folder) / FOLDER
        here.mkdir(mode=0o700)
        for name, data in held.items():
            if name in FILES:
                (here / name).write_bytes(data)
        made = ensure(here, hosts, now)
        files = {name: (here / name).read_bytes() for name in FILES}
    return Handed(made.token, made.ca, {name: data for name, data in files.items() if held.get(name) != data})


def kept(directory: Path) -> dict[str, bytes]:
    """The files in a server's directory, by name. MinisetsError where they may not be read."""
    try:
        return {name: (directory / name).read_bytes() for name in FILES if (directory / name).exists()}
    except OSError as error:
        raise MinisetsError(
            f"the credentials in {directory} cannot be read ({error.strerror}): "
            "they belong to whoever started the server"
        ) from error


def of_clients(held: Mapping[str, bytes]) -> tuple[str, str] | None:
    """The authority and the token among a server's files, or None where they are not all there and sound."""
    ca, token = (held.get(name, b"").decode(errors="replace").strip() for name in (_CA, _TOKEN))
    try:
        x509.load_pem_x509_certificate(ca.encode())
    except ValueError:
        return None
    return (f"{ca}\n", token) if _is_token(token) else None


@dataclass(frozen=True)
class Issued:
    """A client's certificate and its key, as PEM."""

    certificate: str
    key: str
    until: datetime


def issue_client(held: Mapping[str, bytes], user: str, groups: Sequence[str], now: datetime) -> Issued:
    """A certificate for a user, by the authority among a server's files: for a year, or while that lasts.

    Raises MinisetsError where the authority is not there. Kubernetes: such a one cannot be revoked.
    """
    authority = _pair(held.get(_CA, b""), held.get(_CA_KEY, b""))
    if authority is None:
        raise MinisetsError(
            "the cluster's certificate authority is not sound: `minisets down`, `minisets up` make another"
        )
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    life = min(_LIFE, ca.not_valid_after_utc - now)
    builder = (
        _certificate(subject, ca.subject, key, (now, life))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    certificate = builder.sign(ca_key, hashes.SHA256())
    return Issued(_pem(certificate), _pem_of_key(key), certificate.not_valid_after_utc)


Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _token(directory: Path) -> str:
    with suppress(FileNotFoundError, UnicodeDecodeError):
        token = (directory / _TOKEN).read_text().strip()
        if _is_token(token):
            return token
    token = secrets.token_urlsafe(32)
    write_private(directory / _TOKEN, token)
    return token


def _is_token(text: str) -> bool:
    """Whether a header can carry it."""
    return text.isascii() and text.isprintable() and bool(text) and " " not in text


def _authority(directory: Path, now: datetime) -> Authority:
    kept = _read(directory, _CA, _CA_KEY)
    if (
        kept is not None
        and kept[0].not_valid_before_utc <= now < kept[0].not_valid_after_utc - _LIFE - _AHEAD
    ):
        return kept
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"minisets {secrets.token_hex(4)}")])
    builder = (
        _certificate(name, name, key, (now, _CA_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    _keep(directory, (_CA, _CA_KEY), (certificate, key))
    return certificate, key


def _issue(directory: Path, authority: Authority, names: Sequence[str], now: datetime) -> None:
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "minisets api")])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _certificate(subject, ca.subject, key, (now, _LIFE))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_id, critical=False)
    )
    _keep(directory, (_CERTIFICATE, _KEY), (builder.sign(ca_key, hashes.SHA256()), key))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: tuple[datetime, timedelta]
) -> x509.CertificateBuilder:
    start, length = life
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Why: clocks of a machine and its virtual machine differ by a little.
        .not_valid_before(start - _SKEW)
        .not_valid_after(start + length)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _is_good(directory: Path, ca: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    """Whether the kept certificate is ours, will last, and is good for all these names."""
    kept = _read(directory, _CERTIFICATE, _KEY)
    if kept is None:
        return False
    certificate = kept[0]
    try:
        certificate.verify_directly_issued_by(ca)
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - whatever is wrong with it: it is made anew
        return False
    lasts = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _AHEAD
    return lasts and all(_general_name(name) in held for name in names)


def _keep(directory: Path, files: tuple[str, str], made: Authority) -> None:
    certificate, key = made
    write_private(directory / files[1], _pem_of_key(key))
    write_private(directory / files[0], _pem(certificate))


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _read(directory: Path, certificate: str, key: str) -> Authority | None:
    """A certificate and its key, or None where either is missing, damaged or not the other's."""
    try:
        return _pair((directory / certificate).read_bytes(), (directory / key).read_bytes())
    except FileNotFoundError:
        return None


def _pair(certificate: bytes, key: bytes) -> Authority | None:
    """Likewise, of what two files hold."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != found.public_key():
        return None
    return found, private
