"""The way in and out: lanes, sockets, HTTP."""
