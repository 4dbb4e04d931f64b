"""Post once, arrive everywhere: a city's offers and events, syndicated."""

__version__ = "0.1.0"
