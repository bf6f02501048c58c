"""Protocol tests."""
