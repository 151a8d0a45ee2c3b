"""newsbot: a breaking-news alert bot for Telegram and Slack."""

__version__ = "0.1.0"
