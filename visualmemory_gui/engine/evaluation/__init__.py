"""How often decisions are right: query sets, counts, runs that are compared, honest gains."""
