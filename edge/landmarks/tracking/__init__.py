"""Finds landmarks by MediaPipe's networks, run directly and only where needed."""
