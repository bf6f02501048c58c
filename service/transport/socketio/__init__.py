"""Engine.IO and Socket.IO: the only folder that knows python-engineio and python-socketio.

`engine` changes these, and `endpoint` answers their requests, which `requests` reads. Packets come
by `websocket_transport`, or by `polling` (GET) and `posting` (POST), and go to `packet_receiver`.
`client` sends, and cuts who does not read. No token and no use case is known here.
"""
