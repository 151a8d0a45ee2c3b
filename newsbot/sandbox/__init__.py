"""Strict local stand-ins for Telegram and Slack, so that anyone can try the bot without an account or a token."""
