"""The coturn that is deployed: its entrypoint and template, against the real server."""
