"""ICE servers for clients, from coturn (`servers`) or from providers, chosen by the `broker`.

`servers` mints a credential for each client, computed by `credentials` with the secret that
`rotation` picks. A `provider` is `static`, or `fetched` from an account at `cloudflare` or
`twilio`. A `probe` tries whether a server relays, and the `prober` repeats it. No call is known
here.
"""
