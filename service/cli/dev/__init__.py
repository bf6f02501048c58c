"""`ringline serve --dev`: a service that needs no settings, and two links to call each other."""
