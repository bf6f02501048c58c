"""What an operator can see: logs, metrics and traces."""
