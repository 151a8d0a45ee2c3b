"""Liquid as Jekyll has it: python-liquid with Jekyll's tags, filters and variables."""

from newsbot.sources.jekyll.liquid.page import Failed, Page
from newsbot.sources.jekyll.liquid.render import BLOCKS, render

__all__ = ["BLOCKS", "Failed", "Page", "render"]
