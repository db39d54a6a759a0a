"""Turns videos and other people's data sets into landmark archives (extra train)."""
