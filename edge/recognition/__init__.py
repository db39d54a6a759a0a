"""Turns landmarks into words: segments, features, networks, spelling, taught words."""
