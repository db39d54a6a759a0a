"""Computes what networks are fed, for training and for the device alike."""
