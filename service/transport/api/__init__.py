"""The HTTP API: routes, who may ask how often, documents, the demonstration page."""
