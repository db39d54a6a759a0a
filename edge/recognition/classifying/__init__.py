"""Turns segments into words with probabilities."""
