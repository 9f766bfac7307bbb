"""Charts and the confusion matrix."""
