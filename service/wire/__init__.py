"""The wire contract: JSON to typed events and back, sizes, Socket.IO framing. No I/O.

In: `packets`, `decoding` to a struct of `client_events`; `legible`, `numeric_ids` and `raw_json`
check fields, `costs` weighs the event. Out: `server_events`, and `relayed` for what one client
sends another. `violations` names what breaks the protocols below, `subject` what an error is about.
"""
