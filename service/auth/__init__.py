"""Tokens (JWT, RFC 7519): whose each is, and the keys that verify it. Not what its user may do.

`authenticator` is what the transport asks. `tokens` verifies a token, with keys that are set
(`static`) or fetched from a JWKS URL (`jwks`, `fetched`, `keyset`); `header` and `claims` read its
parts. `senders` and `offenders` count forged tokens by address. `setup` makes a verifier of the
settings.
"""
