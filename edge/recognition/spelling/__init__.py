"""Reads letters and spelled words from hands."""
