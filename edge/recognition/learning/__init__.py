"""Words that the owner teaches."""
