"""What a person should mend: review, blame, pruning, tuning, and what each exemplar is worth."""
