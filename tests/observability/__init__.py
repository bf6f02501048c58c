"""Dashboards, rules and runbook, held to what a real Prometheus says."""
