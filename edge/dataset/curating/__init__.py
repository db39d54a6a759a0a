"""Merges, cleans, splits and measures landmark archives."""
