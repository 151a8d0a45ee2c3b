"""A story as a neutral message: which words, in which order of importance, in the language of the frame.

The frame (tag, topics, time, credit) speaks the reader's language; the article's own words are cleaned, fitted at
sentence ends and never restyled. How it is drawn is each platform's matter.
"""

from newsbot.core.compose.alert import compose
from newsbot.core.compose.amend import notice
from newsbot.core.compose.clock import Catalog
from newsbot.core.compose.digest import MOST_LINES, digest
from newsbot.core.compose.parts import EXCERPT, MOST_HEADLINE, MOST_LEGAL

__all__ = ["EXCERPT", "MOST_HEADLINE", "MOST_LEGAL", "MOST_LINES", "Catalog", "compose", "digest", "notice"]
