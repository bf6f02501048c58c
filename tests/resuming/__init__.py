"""Resumable sessions over real sockets, whose connections are lost at any byte."""
