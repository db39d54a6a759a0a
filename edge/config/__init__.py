"""Reads settings from file, environment and command line once, and checks their ranges."""
