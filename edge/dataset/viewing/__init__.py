"""A clip's skeleton as a moving picture."""
