"""Cuts landmarks into segments: tells when a sign starts and ends."""
