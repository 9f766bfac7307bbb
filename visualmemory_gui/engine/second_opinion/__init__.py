"""Second opinion: what a vision-language model at an endpoint of the user's own says beside the vote."""
