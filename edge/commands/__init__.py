"""The commands: each module adds one command's parser and holds the function that runs it.

``sign-edge --help`` imports them all, so what takes long to import is imported inside functions.
"""
