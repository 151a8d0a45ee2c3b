"""Articles from the files of a Jekyll site: read whole, watched as they change, or looked at once."""

from newsbot.sources.jekyll.once import Posts, read_file, read_folder
from newsbot.sources.jekyll.watch import JekyllSource

__all__ = ["JekyllSource", "Posts", "read_file", "read_folder"]
