"""ICE servers for clients, from coturn (`servers`) or from providers, chosen by the `broker`.

A `provider` is `static`, or `fetched` from an `account` at `cloudflare` or `twilio`. A `probe`
tries whether a server relays, and the `prober` repeats it.
"""
