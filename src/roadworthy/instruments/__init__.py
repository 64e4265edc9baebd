"""One kind of requirement a file: instruments measure; they never judge and never call a model."""
