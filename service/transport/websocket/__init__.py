"""WebSockets by picows: the handshake, frames in and out, the close. Nothing of Engine.IO.

`handshake` and `parser` take a connection over, `websocket` has it then, `outbox` writes what it is
to send at the end of a turn, and `input_limiter` bounds what strangers send.
"""
