"""What can be scored: tables that already hold scores, and trained pipelines."""
