"""From archives to archives and figures of them."""
