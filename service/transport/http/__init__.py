"""The HTTP API: what is asked and told without a socket."""
