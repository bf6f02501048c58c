"""Who issues the certificate of TURN: an issuer of the operator's, or one of the chart's own."""

from typing import Any

import pytest

from tests.chart.rendering import CASES, Rendering, rendered
from tests.chart.test_objects import check

pytestmark = pytest.mark.chart


def issued(values: dict[str, Any]) -> Rendering:
    """With a certificate from an Issuer of the chart's own."""
    manager = {"enabled": True, "issuer": {"create": True, **values}}
    return rendered(
        set_values={"turn": {"host": "turn.example.org", "tls": {"certManager": manager}}}
    )


def spec(rendering: Rendering, kind: str = "Issuer") -> dict[str, Any]:
    (thing,) = rendering.of(kind)
    check(thing, "1.34")
    return dict(thing.tree["spec"])


@pytest.mark.parametrize("case", CASES)
def test_an_issuer_of_the_charts_is_where_its_certificate_looks_for_it(case: str):
    rendering = rendered(case)
    for issuer in rendering.of("Issuer"):
        (certificate,) = rendering.of("Certificate")
        assert certificate.tree["spec"]["issuerRef"] == {"kind": "Issuer", "name": issuer.name}
        assert certificate.namespace == issuer.namespace


def test_acme_has_its_server_its_account_and_its_solvers():
    solvers = [{"http01": {"ingress": {"ingressClassName": "nginx"}}}]
    assert spec(issued({"acme": {"email": "a@example.org", "solvers": solvers}})) == {
        "acme": {
            "server": "https://acme-v02.api.letsencrypt.org/directory",
            "email": "a@example.org",
            "privateKeySecretRef": {"name": "ringline-turn-acme"},
            "solvers": solvers,
        }
    }


def test_an_account_needs_no_mail_address():
    solvers = [{"dns01": {"route53": {"region": "eu-central-1"}}}]
    assert "email" not in spec(issued({"acme": {"solvers": solvers}}))["acme"]


def test_a_ca_and_the_certificates_own_key_may_sign_it():
    authority = issued({"type": "ca", "ca": {"secretName": "company-ca"}})
    assert spec(authority) == {"ca": {"secretName": "company-ca"}}
    assert spec(issued({"type": "selfSigned"})) == {"selfSigned": {}}


def test_an_issuer_of_the_operators_is_taken_as_it_is_named():
    full = rendered("full")
    assert full.of("Issuer") == []
    assert spec(full, "Certificate")["issuerRef"] == {
        "kind": "ClusterIssuer",
        "name": "letsencrypt",
    }
