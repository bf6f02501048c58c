"""What runs Ringline elsewhere, and shows how it fares."""
