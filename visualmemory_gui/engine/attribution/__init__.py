"""Attribution: where a query resembles a neighbour, cell by cell."""
