"""What answers over the network: input and output, nothing else."""
