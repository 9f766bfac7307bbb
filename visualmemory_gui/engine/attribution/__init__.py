"""Where a query resembles a neighbour, cell by cell."""
