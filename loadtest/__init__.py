"""Load for a running service: users who sign in and call each other, with Locust."""
