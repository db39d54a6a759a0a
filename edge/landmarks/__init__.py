"""Finds 75 named points of one person in frames, and stores such points in archives."""
