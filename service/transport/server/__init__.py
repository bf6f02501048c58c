"""How bytes come in: listening sockets, HTTP/1.1 on uvicorn within bounds, and the admin port."""
