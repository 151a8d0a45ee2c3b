"""Figures with their peers, in one run: `make bench`. Nothing here is collected by pytest."""
