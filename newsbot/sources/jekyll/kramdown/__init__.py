"""Markdown as kramdown understands it: the dialect of Jekyll sites, which no Python library reads.

Blocks are found line by line into a tree, their words parsed in a second pass, because a link may be defined below its
use. The judge is kramdown 2.4 itself: the contract tests compare the words of thousands of texts. Attributes are not
kept: no alert shows them.
"""

from newsbot.sources.jekyll.kramdown.options import Options
from newsbot.sources.jekyll.kramdown.render import to_html
from newsbot.sources.jekyll.kramdown.tree import TooComplex

__all__ = ["Options", "TooComplex", "to_html"]
