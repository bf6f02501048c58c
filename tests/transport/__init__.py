"""The way in and out: connections, frames, HTTP."""
