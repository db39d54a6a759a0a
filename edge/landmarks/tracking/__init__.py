"""Landmarks by MediaPipe's networks run directly: fewer of them, and only where they are needed."""
