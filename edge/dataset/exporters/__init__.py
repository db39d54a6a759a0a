"""From landmark archives to other formats."""
