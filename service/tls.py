"""What a certificate of another server is checked against."""

import ssl


def trusting() -> ssl.SSLContext:
    """The system's authorities, or those of `SSL_CERT_FILE`; the chain and the name must be right.

    Since Python 3.13 a certificate must also have each extension that RFC 5280 wants. Browsers do
    not ask for that, and authorities that companies make for themselves often leave some out.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
