"""Ringline: WebRTC signalling for 1:1 audio and video calls."""

from importlib.metadata import version

__version__ = version("ringline")
