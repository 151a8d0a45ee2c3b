"""Tables: lines with pipes in them. A pipe in a code span is none."""

from __future__ import annotations

import re

from newsbot.sources.jekyll.kramdown.blocks import Blocks
from newsbot.sources.jekyll.kramdown.tree import El, Scanner

_SEPARATOR = re.compile(r"(?=[^\n]*-)[-+|: \t]+\n")
_FOOTER = re.compile(r"(?=[^\n]*=)[=+|: \t]+\n")
_ROW = re.compile(r"(.*?)[ \t]*\n")
_PIPE = re.compile(r"[^\n]*?(?<!\\)\|")  # a border that is not escaped, anywhere in the line
_LINE = re.compile(rf"{_PIPE.pattern}[^\n]*\n")
_START = re.compile(rf" {{0,3}}(?=\S){_PIPE.pattern}[^\n]*\n")
_LEADING = re.compile(r"[ \t\r\n\f\v]*\|")
_CODE_TAG = re.compile(r"(<code.*?>.*?</code>)")
_BORDER = re.compile(r"(?<!\\)\|")
_TICKS = re.compile("`+")


def table(blocks: Blocks) -> bool:
    """A table, if every line of it is one."""
    src = blocks.src
    start = src.pos
    if not src.check(_START) or not blocks.after_boundary():
        return False
    line = src.check(_LINE)
    leading = line is not None and _LEADING.match(line[0]) is not None
    el = _rows(blocks, src, leading)
    end = src.pos
    if not blocks.before_boundary() or not _every_line(blocks, src.text[start : end - 1]) or el is None:
        src.pos = start
        return False
    blocks.add(el)
    return True


def _rows(blocks: Blocks, src: Scanner, leading: bool) -> El | None:
    """The table; None where nothing but heads and feet are in it."""
    src.scan(_SEPARATOR)
    table = _Table()
    while not src.done and src.check(_LINE):
        if src.scan(_SEPARATOR):
            table.separator()
        elif src.scan(_FOOTER):
            table.foot()
        elif found := src.scan(_ROW):
            table.rows.append(_row(blocks, found[1], leading))
        else:
            break
    return table.built()


class _Table:
    """Rows as they come, and the head, bodies and foot they make."""

    def __init__(self) -> None:
        self.rows: list[El] = []
        self._parts: list[El] = []
        self._headed = self._footed = False

    def _end(self, kind: str, *, force: bool = False) -> None:
        if not self._footed or kind != "tbody" or force:
            part = El(kind)
            part.kids, self.rows = self.rows, []
            self._parts.append(part)

    def separator(self) -> None:
        """A line of dashes: the first one ends the head."""
        if self.rows:
            head = not self._headed and not self._footed
            self._end("thead" if head else "tbody")
            self._headed = self._headed or head

    def foot(self) -> None:
        """A line of equals signs: the foot begins."""
        if self.rows:
            self._end("tbody", force=True)
        self._footed = True

    def built(self) -> El | None:
        """The table with rows of one width."""
        if self.rows:
            self._end("tfoot" if self._footed else "tbody")
        if not any(part.kind == "tbody" for part in self._parts):
            return None
        el = El("table")
        el.kids = self._parts
        rows = [row for part in self._parts for row in part.kids]
        width = max(len(row.kids) for row in rows)
        for row in rows:
            row.kids += [El("td") for _ in range(width - len(row.kids))]
        return el


def _row(blocks: Blocks, text: str, leading: bool) -> El:
    cells: list[str] = []

    def join(piece: str) -> None:
        if cells:
            cells[-1] += piece
        else:
            cells.append(piece)

    for at, piece in enumerate(_CODE_TAG.split(text)):
        if at % 2:
            join(piece)
            continue
        for part in blocks.spans.split_code(piece):
            if part.kind == "codespan":
                ticks = max(_TICKS.findall(part.value), default="") + "`"
                space = " " if len(ticks) > 1 else ""
                join(f"{ticks}{space}{part.value}{space}{ticks}")
            else:
                first, *others = (cell.replace("\\|", "|") for cell in _BORDER.split(part.value))
                join(first)
                cells += others
    if leading and cells and not cells[0].strip():
        cells.pop(0)
    if cells and not cells[-1].strip():
        cells.pop()
    row = El("tr")
    for cell in cells:
        td = El("td")
        td.add_text(cell.strip(), "raw_text")
        row.kids.append(td)
    return row


def _every_line(blocks: Blocks, text: str) -> bool:
    """Whether each line has a pipe outside of code."""
    piped = False
    for part in blocks.spans.split_code(text, html=True):
        lines = part.value.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        if part.kind == "codespan":
            if len(lines) > 2 or (len(lines) == 2 and not piped):
                break
            if len(lines) == 2:
                piped = False
        else:
            if len(lines) > 1 and not piped and not _PIPE.match(lines[0]):
                break
            last = lines[-1] if lines else ""
            piped = (piped if len(lines) <= 1 else False) or _PIPE.match(last) is not None
    return piped
