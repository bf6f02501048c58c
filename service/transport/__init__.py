"""Where clients come in: Socket.IO, HTTP and the admin port."""
