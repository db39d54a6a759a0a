"""Serves the web page: live view, trial of a video, dictionary, practice, lessons, settings."""
