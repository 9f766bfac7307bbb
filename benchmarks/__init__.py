"""Side-by-side measurements: one file a question, ratios within one run, results as JSON next to them."""
