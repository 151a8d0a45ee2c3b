"""The words of a block, read sign by sign: each sign has its readers, which stand in modules of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from newsbot.sources.jekyll.kramdown.options import Options
from newsbot.sources.jekyll.kramdown.tree import STEPS, El, Scanner, TooComplex

START = re.compile(
    r"""[*_`<$&]|\[|![\[]|[^\\]?["']|\{:|--|\.\.\.|(?:\\| )?(?:<<|>>)|(?:  |\\)(?=\n)|\\|~~""",
)
_CODE_START = re.compile("`")
_CODE_HTML_START = re.compile("[`<]")

Accept = Callable[[re.Match[str]], bool]
Reader = Callable[["Spans"], bool]
Readers = Mapping[str, Sequence[Reader]]
"""The readers of each sign, in the order in which they try; "" stands for those that any sign may begin."""


class Spans:
    """Reads the words of one element after another. Links and footnotes are known by then.

    `raw_readers` are those of a place where Markdown is not read.
    """

    def __init__(
        self,
        options: Options,
        links: dict[str, str],
        notes: dict[str, El],
        readers: Readers,
        raw_readers: Readers,
        escaped: re.Pattern[str],
    ) -> None:
        self.options = options
        self.links = links
        self.notes = notes
        self.escaped = escaped
        self.src = Scanner("")
        self._readers = readers
        self._raw_readers = raw_readers
        self._tree: El | None = None
        self._stack: list[El] = []
        self._steps = STEPS

    @property
    def el(self) -> El:
        """The element whose inside is being read."""
        return self._tree or _NOWHERE

    def inside(self, *kinds: str) -> bool:
        """Whether an element of one of these kinds is open."""
        return self.el.kind in kinds or any(el.kind in kinds for el in self._stack)

    def step(self) -> None:
        """Count one step of work; raises TooComplex where they are too many."""
        self._steps -= 1
        if self._steps < 0:
            raise TooComplex

    def parse(self, el: El, text: str) -> None:
        """The words of `text` as children of `el`, whatever is open."""
        self._apart(el, text, START, raw=False)

    def split_code(self, text: str, *, html: bool = False) -> list[El]:
        """The text parted into raw text and code (and HTML elements)."""
        el = El("root")
        self._apart(el, text, _CODE_HTML_START if html else _CODE_START, raw=True)
        return el.kids

    def _apart(self, el: El, text: str, start: re.Pattern[str], *, raw: bool) -> None:
        saved = self.src, self._tree, self._stack
        self.src, self._tree, self._stack = Scanner(text), None, []
        self.read(el, None, start=start, raw=raw)
        self.src, self._tree, self._stack = saved

    def read(
        self,
        el: El,
        stop: re.Pattern[str] | None,
        accept: Accept | None = None,
        *,
        start: re.Pattern[str] = START,
        raw: bool = False,
    ) -> bool:
        """What follows as children of `el`, up to a `stop` that is accepted; False where none comes.

        `start` finds the signs that are looked at; `raw` leaves Markdown alone.
        """
        before = self._tree
        if before is not None:
            self._stack.append(before)
        self._tree = el
        found = self._until(el, stop, accept, start, self._raw_readers if raw else self._readers)
        self._tree = self._stack.pop() if before is not None else None
        return found

    def _until(
        self, el: El, stop: re.Pattern[str] | None, accept: Accept | None, start: re.Pattern[str], readers: Readers
    ) -> bool:
        src = self.src
        text = src.text
        both = start if stop is None else _either(stop, start)
        anywhere = readers.get("", ())
        while src.pos < len(text):
            self.step()
            begins = both.search(text, src.pos)
            if begins is None:
                if stop is None:
                    el.add_text(src.rest())
                return False
            at = begins.start()
            el.add_text(text[src.pos : at])
            src.pos = at
            if stop is not None and (met := stop.match(text, at)) and (accept is None or accept(met)):
                return True
            if not any(reader(self) for reader in readers.get(text[at], anywhere)):
                el.add_text(text[src.pos])
                src.pos += 1
        return False


_NOWHERE = El("root")


@lru_cache(maxsize=256)
def _either(stop: re.Pattern[str], start: re.Pattern[str]) -> re.Pattern[str]:
    cased = f"(?i:{stop.pattern})" if stop.flags & re.IGNORECASE else stop.pattern
    return re.compile(f"{cased}|{start.pattern}")
