"""The tree as HTML: words escaped, tags with no attribute but the address of links and images."""

from __future__ import annotations

import re
from html import escape

from newsbot.sources.jekyll.kramdown import grammar
from newsbot.sources.jekyll.kramdown.blocks import Blocks
from newsbot.sources.jekyll.kramdown.options import Options
from newsbot.sources.jekyll.kramdown.tree import VOID_TAGS, El, TooComplex

_TEXT = re.compile(r"&(?:[A-Za-z0-9_:][-A-Za-z0-9_.:]*|#[0-9]+|#x[0-9a-fA-F]+);|[<>&]")
_SIGNS = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BLOCKS = {"blockquote", "ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr"}


def to_html(text: str, options: Options | None = None) -> str:
    """The HTML of a Markdown text; "" for one that says nothing. Raises TooComplex."""
    blocks = grammar.reader(options or Options())
    root = El("root")
    source = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    try:
        blocks.parse(root, source)
        return _Writer(blocks).root(root)
    except RecursionError:
        raise TooComplex from None


class _Writer:
    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.options = blocks.options
        self.headings: list[str] = []
        self.numbers: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.toc = False

    def root(self, el: El) -> str:
        """All of it, the contents put in where they were asked for and the notes at the end."""
        self._words(el)
        for note in list(self.blocks.notes.values()):
            self._words(note)
        html = self._inner(el, breaks=True)
        html += self._notes()
        return html.replace(_TOC, "".join(f"\n<li>{heading}</li>\n" for heading in self.headings), 1)

    def _words(self, el: El) -> None:
        """Read the words of every block, in place."""
        kids: list[El] = []
        for kid in el.kids:
            if kid.kind == "raw_text":
                self.blocks.spans.parse(kid, kid.value)
                kids += kid.kids
            else:
                self._words(kid)
                kids.append(kid)
        el.kids = kids

    def _inner(self, el: El, *, breaks: bool) -> str:
        return "".join([self._one(kid, el, breaks) for kid in el.kids])

    def _one(self, el: El, parent: El, breaks: bool) -> str:
        kind = el.kind
        if kind == "text":
            return self._text(el.value, breaks)
        if kind == "sign":
            return escape(el.value, quote=False)
        if kind == "blank":
            return "\n"
        if kind == "html":
            return self._html(el, parent)
        if kind in ("ul", "ol") and not self.toc and "toc" in (el.opts.get("ial") or ()):
            self.toc = True
            return _TOC
        if kind in _BLOCKS:
            return f"<{kind}>\n{self._inner(el, breaks=breaks)}</{kind}>\n"
        if kind == "p" and el.opts.get("transparent"):
            return self._inner(el, breaks=breaks)
        if kind in ("p", "header", "dt", "td"):
            return self._block(el, breaks)
        if kind in ("li", "dd"):
            gap = "" if not el.kids or el.kids[0].opts.get("transparent") else "\n"
            return f"<{kind}>{gap}{self._inner(el, breaks=breaks)}</{kind}>\n"
        return self._leaf(el, breaks)

    def _block(self, el: El, breaks: bool) -> str:
        inner = self._inner(el, breaks=breaks)
        if el.kind == "header":
            self.headings.append(inner)
        tag = "h2" if el.kind == "header" else el.kind
        return f"<{tag}>{inner}</{tag}>\n"

    def _leaf(self, el: El, breaks: bool) -> str:
        match el.kind:
            case "codeblock":
                return f"<pre><code>{escape(el.value, quote=False)}</code></pre>\n"
            case "codespan":
                return f"<code>{escape(el.value, quote=False)}</code>"
            case "hr":
                return "<hr />\n"
            case "br":
                return "<br />"
            case "img":
                return f'<img src="{escape(el.value)}" />'
            case "a":
                return f'<a href="{escape(el.value)}">{self._inner(el, breaks=breaks)}</a>'
            case "raw":
                return el.value
            case "comment":
                return f"<!-- {el.value} -->" if el.value else ""
            case "math":
                return self._math(el)
            case "footnote":
                return self._marker(el.value)
            case "eob" | "note":
                return ""
            case _:
                pass
        return f"<{el.kind}>{self._inner(el, breaks=breaks)}</{el.kind}>"

    def _text(self, text: str, breaks: bool) -> str:
        if breaks and self.options.gfm and not self.options.hard_wrap and "\\\n" in text:
            return "<br />\n".join(self._text(line, breaks=False) for line in text.split("\\\n"))
        return _TEXT.sub(lambda found: _SIGNS.get(found[0], found[0]), text)

    def _html(self, el: El, parent: El) -> str:
        inner = self._inner(el, breaks=False)
        name, said = el.value, el.opts.get("attributes") or ""
        html = f"<{name}{said} />" if not inner and name in VOID_TAGS else f"<{name}{said}>{inner}</{name}>"
        if el.opts.get("span"):
            return html
        if inner and el.opts.get("model") == "block":
            html = f"<{name}>\n{inner}\n</{name}>"
        raw = parent.kind == "html" and parent.opts.get("model") == "raw"
        return html if raw else f"{html}\n"

    def _math(self, el: El) -> str:
        value = escape(el.value, quote=False)
        block = el.opts.get("block")
        if self.options.mathjax and not el.opts.get("attributed"):
            return f"\\[{value}\\]\n" if block else f"\\({value}\\)"
        return f"<div>$$\n{value}\n$$</div>\n" if block else f"<span>${value}$</span>"

    def _marker(self, name: str) -> str:
        number = self.numbers.setdefault(name, len(self.numbers) + 1)
        self.times[name] = self.times.get(name, 0) + 1
        return f"<sup>{number}</sup>"

    def _notes(self) -> str:
        """The notes that were pointed at, in the order of their numbers; a note may point at another."""
        parts: list[str] = []
        done = 0
        while done < len(self.numbers):
            name = list(self.numbers)[done]
            done += 1
            parts.append(f"<li>\n{self._note(name)}</li>\n")
        return f"<div>\n<ol>\n{''.join(parts)}</ol>\n</div>\n" if parts else ""

    def _note(self, name: str) -> str:
        html = self._inner(self.blocks.notes[name], breaks=True)
        if not self.options.backlink:
            return html
        back = self.options.backlink
        links = back + "".join(f"\xa0{back}<sup>{time}</sup>" for time in range(2, self.times[name] + 1))
        kids = [kid for kid in self.blocks.notes[name].kids if kid.kind != "eob"]
        if kids and kids[-1].kind == "p" and html.endswith("</p>\n"):
            return f"{html.removesuffix('</p>' + chr(10))}\xa0{links}</p>\n"
        return f"{html}<p>{links}</p>\n"


_TOC = "\0toc\0"
