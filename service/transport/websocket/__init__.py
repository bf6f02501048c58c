"""WebSockets by picows: the handshake, frames in and out, the close. Nothing of Engine.IO.

`handshake` and `parser` take a connection over, `websocket` has it then, and `input_limiter` bounds
what strangers send.
"""
