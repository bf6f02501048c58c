"""The use cases: what clients, time and losses do to calls and sessions. No socket, no HTTP.

Coming and going is in `joining`, a new call in `call_setup` (if `availability` allows it),
`ringing` rings, and what is done to a call after that is in `call_control`. Each moves a call by
`transitions`, which stores the move and tells it. `relay` passes offers, answers and candidates on,
as `call_routes` says where to. `accepting` accepts over HTTP, for a new session or one that
`session_accepts` finds. `elsewhere` tells sessions which calls their user has at others.
`call_changes` has requests wait for a call's next state. `delivery` takes what other nodes send.
`presence` says who is online, `renewal` does what falls due in a session. `detached` has sessions
wait that lost their connection, `resuming` takes them up again and `handover` brings them to
another node; `greeting` tells a client its session. `use_cases` joins them all.

When a connection is lost, `Connections.closed` queues that behind what came before; then follow
`Dispatch.gone` and `DetachedSessions.lost`, and where the session ends `Joining.leave` and
`CallControl.lost`, which moves the user's calls.
"""
