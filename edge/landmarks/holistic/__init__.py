"""Landmarks by MediaPipe's own graph."""
