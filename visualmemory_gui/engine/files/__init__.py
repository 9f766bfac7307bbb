"""Files the product writes: whole or not at all, regular ones only, in its own folders."""
