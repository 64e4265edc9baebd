"""What is kept beside product.yaml: the workspace, its judgements, and the seal."""
