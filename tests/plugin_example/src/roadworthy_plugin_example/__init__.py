"""A metric, a kind of model and a lever of one's own for roadworthy."""
