"""Charts, the confusion matrix and the map."""
