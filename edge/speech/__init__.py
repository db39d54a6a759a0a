"""Words to the ear."""
