"""Development mode, part by part."""
