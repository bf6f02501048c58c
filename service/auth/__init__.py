"""Whose a token is: JSON Web Tokens (RFC 7519), and the keys that verify them."""
