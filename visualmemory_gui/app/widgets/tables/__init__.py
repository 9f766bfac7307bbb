"""Tables, trees and lists, and the painting of their cells."""
