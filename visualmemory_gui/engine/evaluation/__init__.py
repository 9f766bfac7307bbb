"""Measuring how often decisions are right: query sets, counts, kept runs to compare with, honest gains."""
