"""The parts of the page that need no browser: how its session says and hears everything once."""
