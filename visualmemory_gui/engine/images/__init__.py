"""Pictures: files become decoded pictures here, and hostile files end here."""
