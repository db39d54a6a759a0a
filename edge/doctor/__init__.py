"""sign-edge check: looks at an installation and names every fault with what to do about it.

Nothing here imports NumPy, OpenCV or MediaPipe at once: a package that is missing is a finding.
"""
