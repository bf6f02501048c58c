"""Real peers through the real service and a real coturn."""
