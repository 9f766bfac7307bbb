"""Tables, trees and lists, and what their cells are painted of."""
