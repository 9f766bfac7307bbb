"""Programs that work on the repository and are no part of the product."""
