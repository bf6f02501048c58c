"""The cases of the official suites of Engine.IO and Socket.IO, each a test of our own."""
