import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName, load_pem_x509_certificate

from service.cli.dev.authority import cache_folder, certify

NAMES = ["192.0.2.7", "localhost", "::1"]


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run", tmp_path / "cache" / "ringline"


def handshake(certificate, host: str) -> None:
    """A TLS handshake in memory of a client that trusts the authority and nothing else."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate.chain, certificate.key)
    trusting = ssl.create_default_context(cafile=certificate.authority)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(up, down, server_side=True)
    client = trusting.wrap_bio(down, up, server_hostname=host)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("name", NAMES)
def test_who_trusts_the_authority_trusts_every_name(folders, name):
    handshake(certify(NAMES, *folders), name)


def test_another_name_is_not_trusted(folders):
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(certify(NAMES, *folders), "192.0.2.8")


def test_the_authority_stays_and_the_certificate_is_new(folders):
    first = certify(NAMES, *folders)
    trusted, chain = first.authority.read_bytes(), first.chain.read_bytes()

    second = certify(NAMES, *folders)

    assert second.authority.read_bytes() == trusted
    assert second.chain.read_bytes() != chain
    handshake(second, "localhost")


@pytest.mark.parametrize("spoil", ["ca.pem", "ca-key.pem"])
@pytest.mark.parametrize("how", ["gone", "garbage"])
def test_a_spoilt_authority_is_made_anew(folders, spoil, how):
    certify(NAMES, *folders)
    spoilt = folders[1] / spoil
    spoilt.unlink() if how == "gone" else spoilt.write_text("garbage")

    handshake(certify(NAMES, *folders), "localhost")


def test_keys_are_for_their_owner_only(folders):
    certificate = certify(NAMES, *folders)

    assert mode(certificate.key) == 0o600
    assert mode(folders[1] / "ca-key.pem") == 0o600
    assert mode(folders[1]) == 0o700


def test_it_names_what_it_was_asked_to_for_a_month(folders):
    leaf = load_pem_x509_certificate(certify(NAMES, *folders).chain.read_bytes())
    names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value

    assert names.get_values_for_type(DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(IPAddress)] == ["192.0.2.7", "::1"]
    remaining = leaf.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=29) < remaining <= timedelta(days=30)


def test_the_cache_is_where_the_desktop_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "ringline"

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "ringline"
