"""The controller inside an AC charging station. Start reading at TOUR.md."""

__version__ = "0.1.0"
