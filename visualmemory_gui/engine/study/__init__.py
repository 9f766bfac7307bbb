"""Questions asked of a whole memory: how accurate, how reliable, how well calibrated it is."""
