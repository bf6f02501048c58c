"""`make bench`: what sessions, calls and relays cost one node. Nothing of the service is in here.

`pairs` call and relay, and `units` measures that, plain and resumable in turn.
"""
