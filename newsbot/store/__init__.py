"""What is remembered, in Redis: one module a noun; every key is named in `keys`, every script lies in `lua/`."""
