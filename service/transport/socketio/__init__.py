"""Engine.IO and Socket.IO: the only folder that knows python-engineio and python-socketio."""
