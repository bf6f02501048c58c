"""How bytes come in: listening sockets, HTTP/1.1 on uvicorn within bounds, and the admin port.

No token and no event of a client is known here.
"""
