"""What a network can be trained for, one task to a module."""
