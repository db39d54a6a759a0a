"""Landmarks to words: segments, features, networks, spelling, taught words."""
