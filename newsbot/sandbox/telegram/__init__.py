"""Telegram's stand-in: the Bot API with its checks, limits and updates."""
