"""What may happen to a case on its way to the product, one kind a file."""
