"""The HTTP API: routes, who may ask how often, documents, the demonstration page.

The routes of the admin port are in `server/admin.py`, those of Socket.IO in `socketio/endpoint.py`.
"""
