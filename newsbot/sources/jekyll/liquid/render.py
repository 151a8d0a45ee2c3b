"""The environment templates run in: the tags of Liquid and Jekyll, and the limits on what they may cost."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

from liquid import Environment, Mode
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.token import Token

from newsbot.sources.jekyll.liquid import filters, tags
from newsbot.sources.jekyll.liquid.page import Failed, Page, site_values
from newsbot.sources.jekyll.site import Site

BLOCKS = frozenset(("if", "unless", "case", "for", "tablerow", "capture", "comment", "raw", "ifchanged", "highlight"))
"""Tags that have an end."""


class _Environment(Environment):
    loop_iteration_limit: ClassVar[int | None] = 20_000
    output_stream_limit: ClassVar[int | None] = 1_000_000
    local_namespace_limit: ClassVar[int | None] = 1_000_000

    def error(self, exc: type[LiquidError] | LiquidError, msg: str | None = None, token: Token | None = None) -> None:
        """Overlooked, but for a limit that is reached: going on would only reach it again."""
        if isinstance(exc, ResourceLimitError):
            raise Failed(f"Liquid: {exc.message}")
        super().error(exc, msg, token)


@cache
def environment() -> Environment:
    """Jekyll's Liquid: errors in the markup are overlooked, unknown filters too, unknown tags are not."""
    made = _Environment(tolerance=Mode.LAX, strict_filters=False)
    tags.register(made)
    filters.register(made)
    return made


def render(source: str, site: Site, page: Page) -> str:
    """The template with its variables filled in. Raises Failed where Jekyll would stop."""
    now = datetime.now(UTC) if site.time is None else site.time
    variables: dict[str, Any] = {
        "site": site_values(site, page, now),
        "page": page.values(source),
        "jekyll": {"version": "4.3.1", "environment": "development"},
        "highlighter_prefix": "\n",
        "highlighter_suffix": "\n",
        tags.WORLD: tags.World(site, page),
    }
    try:
        return environment().from_string(source).render(**variables)
    except LiquidError as error:
        if isinstance(error.__cause__, Failed):
            raise error.__cause__ from None
        raise Failed(f"Liquid: {' '.join(str(error).split())}") from None
    except (RecursionError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        # A filter that was given what it cannot work with: Ruby's would raise as well.
        raise Failed(f"Liquid: {type(error).__name__}") from None
