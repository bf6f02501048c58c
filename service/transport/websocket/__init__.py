"""WebSockets by picows: the handshake, frames in and out, the close. Nothing of Engine.IO."""
