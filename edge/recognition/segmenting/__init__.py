"""Landmarks to segments: when a sign starts and ends."""
