"""A certificate authority as many make their own: without key usage and key identifiers."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


def bare(folder: Path, address: str) -> ssl.SSLContext:
    """What serves TLS at an address; its authority is `ca.crt` in the folder."""
    authority, own = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    root, leaf = _named("an authority"), _named("a server")
    trusted = _built(
        root, root, authority.public_key(), x509.BasicConstraints(ca=True, path_length=None)
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    served = _built(leaf, root, own.public_key(), names)
    pem = trusted.sign(authority, SHA256()).public_bytes(Encoding.PEM)
    (folder / "ca.crt").write_bytes(pem)
    chain = folder / "served.pem"
    key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain.write_bytes(key + served.sign(authority, SHA256()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _built(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    extension: x509.ExtensionType,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(extension, critical=True)
    )


STRICT = """
import ssl
made = ssl.create_default_context
def strict(*given, **named):
    context = made(*given, **named)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
ssl.create_default_context = ssl._create_default_https_context = strict
"""
"""Has an older Python verify as 3.13 does, of itself; no difference to a newer one."""


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python verifies as 3.13 does."""
    for name in ("create_default_context", "_create_default_https_context"):
        monkeypatch.setattr(ssl, name, getattr(ssl, name))
    exec(STRICT, {})  # noqa: S102 - the text is above
