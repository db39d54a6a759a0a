"""Learns words that the owner teaches."""
