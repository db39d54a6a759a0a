"""Checks an installation for ``sign-edge check``: names every fault and its remedy.

No module here imports NumPy, OpenCV or MediaPipe at its top: a missing package is a finding.
"""
