"""Reads other data sets into manifests or landmark archives, one format a module."""
