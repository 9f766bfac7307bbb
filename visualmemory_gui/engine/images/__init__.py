"""Images: files become decoded images here, and hostile files end here."""
