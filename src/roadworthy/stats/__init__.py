"""Pure statistics, arrays in and numbers out, so that every verdict rests on bounds that can be tested alone."""
