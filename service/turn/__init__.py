"""ICE servers and TURN credentials (draft-uberti-behave-turn-rest-00)."""
