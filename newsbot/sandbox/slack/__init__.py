"""Slack's stand-in: the Web API, Socket Mode and signed HTTP, with Block Kit checked to the letter."""
