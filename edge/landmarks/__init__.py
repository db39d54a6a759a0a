"""Frames to 75 named points of one person; archives of such points."""
