"""The wire contract: what clients may say, what the server says, and how both are framed."""
