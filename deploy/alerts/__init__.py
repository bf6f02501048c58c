"""Objectives, recording rules and alerts for Prometheus, as code."""
