"""`ringline probe` against the real service and a real coturn, well and ill."""
