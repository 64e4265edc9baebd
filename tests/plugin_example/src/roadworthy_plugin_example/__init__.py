"""A requirement of one's own for roadworthy."""
