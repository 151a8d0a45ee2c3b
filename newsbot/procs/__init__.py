"""Processes: signals, loops, deadlines, HTTP; nothing of the domain."""
