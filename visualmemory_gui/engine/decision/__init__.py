"""How neighbours become a decision: votes, class factor, levels, known or unknown, and the paper's published lists."""
