"""sign-edge: watches a camera, recognises signs, publishes and says the words."""

__version__ = "0.1.0"
