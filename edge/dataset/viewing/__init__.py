"""Draws a clip's skeleton as a moving picture."""
