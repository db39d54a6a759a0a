"""Answers the page's requests, one part of the page a module."""
