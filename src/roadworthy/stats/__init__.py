"""Pure statistics, arrays in and numbers out, so that every bound can be tested alone."""
