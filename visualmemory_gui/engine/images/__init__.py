"""Images: files become decoded images here, and hostile files are stopped here."""
