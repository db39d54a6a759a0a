"""Finds landmarks by MediaPipe's own graph."""
