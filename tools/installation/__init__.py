"""How the product installs: seconds and bytes of each way, and what works with each extra alone and with none."""
