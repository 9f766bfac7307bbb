"""What installed packages of others add: encoders and voting rules."""
