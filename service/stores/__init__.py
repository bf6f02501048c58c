"""What is behind the store ports: memory for one node."""
