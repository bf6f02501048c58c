"""Sessions: coming, staying, going, and the answers that they get."""
