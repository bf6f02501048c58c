"""The wire contract: JSON to typed events and back, sizes, Socket.IO framing. No I/O."""
