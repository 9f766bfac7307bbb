"""The map: where exemplars are on the screen, how dots and thumbnails are painted, and the view that does both."""
