"""Publishes words to a broker, takes orders from it, and appears in Home Assistant."""
