"""Jekyll's own tags: include, include_relative, highlight, link, post_url. Unknown ones stop a build, and so here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TextIO

from liquid import Environment
from liquid.ast import Node
from liquid.parser import get_parser
from liquid.tag import Tag
from liquid.token import TOKEN_EXPRESSION, TOKEN_ILLEGAL, TOKEN_TAG, Token

from newsbot.sources.jekyll import urls
from newsbot.sources.jekyll.files import Unreadable, read_bytes
from newsbot.sources.jekyll.liquid.page import Failed, Page
from newsbot.sources.jekyll.site import Site

if TYPE_CHECKING:
    from liquid.context import RenderContext
    from liquid.stream import TokenStream

WORLD = "\0world"
"""The name under which tags and filters find the site; no template can say it."""

_PARAMETER = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)'|([\w.-]+))""")
_PARAMETERS = re.compile(rf"\s*(?:{_PARAMETER.pattern}(?=\s|\Z)\s*)*", re.DOTALL)
_FILE = re.compile(r"[\w/.\-()+~#@]+")
_WITH_VARIABLE = re.compile(r"(?P<file>[^{]*(\{\{\s*[\w\-.]+\s*(\|.*)?\}\}[^\s{}]*)+)(?P<rest>.*)", re.DOTALL)
_LANGUAGE = re.compile(r"([a-zA-Z0-9.+#_-]+)((\s+\w+(=(\w+|\"([0-9]+\s)*[0-9]+\"))?)*)")
_POST_NAME = re.compile(r"(.+/)*(\d+-\d+-\d+)-(.*)", re.ASCII)
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class World:
    """What tags and filters need besides variables."""

    site: Site
    page: Page


def world(context: RenderContext) -> World:
    """The site and page that are being rendered."""
    found: World = context.globals[WORLD]  # type: ignore[assignment]  # python-liquid's globals are objects
    return found


class _Line(Node):
    """A tag with one line of markup."""

    __slots__ = ("markup",)

    def __init__(self, token: Token, markup: str) -> None:
        super().__init__(token)
        self.markup = markup
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(self.output(context))

    def output(self, context: RenderContext) -> str:
        raise NotImplementedError


class _LineTag(Tag):
    block = False
    node: type[_Line]

    def parse(self, stream: TokenStream) -> Node:
        token = stream.current
        markup = ""
        if stream.peek.kind == TOKEN_EXPRESSION:
            next(stream)
            markup = stream.current.value
        return self.node(token, markup.strip())


class _Include(_Line):
    def output(self, context: RenderContext) -> str:
        found = _WITH_VARIABLE.match(self.markup)
        if found:
            name, rest = context.env.from_string(found["file"].strip()).render(**dict(_flat(context))), found["rest"]
        else:
            name, rest = (*self.markup.split(None, 1), "", "")[:2]
        if not _FILE.fullmatch(name) or re.search(r"[./]{2,}", name):
            raise Failed(f"include: {name[:80]!r} is no name of a file")
        if not _PARAMETERS.fullmatch(rest):
            raise Failed(f"include: {rest.strip()[:80]!r} is not understood")
        given = self._given(rest, context)
        source = self._source(name, world(context))
        depth = context.resolve("\0depth", default=0) + 1
        if depth > _DEPTH:
            raise Failed(f"include: {name} includes itself")
        scope: dict[str, object] = {"\0depth": depth, **({"include": given} if rest.strip() else {})}
        out = context.get_buffer()
        template = context.env.from_string(source)
        with context.extend(scope, template=template):
            template.render_with_context(context, out, partial=True)
        text: str = out.getvalue()
        return text

    def _given(self, rest: str, context: RenderContext) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for key, double, single, variable in _PARAMETER.findall(rest):
            if variable:
                given[key] = context.get(list(variable.split(".")), token=None)
            else:
                given[key] = double.replace('\\"', '"') or single.replace("\\'", "'")
        return given

    def _source(self, name: str, here: World) -> str:
        folder = here.site.root / str(here.site.config.get("includes_dir") or "_includes")
        return _read(folder / name, here, name)


class _IncludeRelative(_Include):
    def _source(self, name: str, here: World) -> str:
        return _read(here.site.root / PurePosixPath(here.page.rel).parent / name, here, name)


def _read(path: Any, here: World, name: str) -> str:
    try:
        return read_bytes(path, here.site.root).decode(here.site.encoding).removeprefix("\ufeff")
    except (Unreadable, UnicodeDecodeError) as error:
        raise Failed(f"include: {name}: {error}") from None


def _flat(context: RenderContext) -> Iterable[tuple[str, object]]:
    for name in context.scope:
        if str(name).isidentifier():
            yield str(name), context.scope[name]


class _Link(_Line):
    def output(self, context: RenderContext) -> str:
        path = context.env.from_string(self.markup).render(**dict(_flat(context))).strip().removeprefix("/")
        here = world(context)
        for post in here.page.posts():
            if post["path"] == path:
                return relative(here.site, post["url"])
        if not (here.site.root / path).is_file():
            raise Failed(f"link: there is no {path[:120]}")
        return relative(here.site, f"/{path}")


class _PostUrl(_Line):
    def output(self, context: RenderContext) -> str:
        found = _POST_NAME.fullmatch(self.markup.removeprefix("/"))
        if not found:
            raise Failed(f"post_url: {self.markup[:120]!r} is no name of a post")
        here = world(context)
        folder, name = found[1] or "", f"{found[2]}-{found[3]}"
        wanted = re.compile(
            rf"_posts/{re.escape(folder)}{re.escape(name)}\.[^.]+|{re.escape(folder)}_posts/?{re.escape(name)}\.[^.]+"
        )
        for post in reversed(here.page.posts()):
            if wanted.match(post["path"]):
                return relative(here.site, post["url"])
        raise Failed(f"post_url: there is no post {self.markup[:120]}")


def relative(site: Site, path: str) -> str:
    """Jekyll's `relative_url`: under the site's base, without its host."""
    base = site.config.get("baseurl")
    stated = str(base).removesuffix("/") if base is not None else ""
    return urls.absolute("", stated if not stated or stated.startswith("/") else f"/{stated}", path)


class _HighlightNode(_Line):
    __slots__ = ("inside",)

    def __init__(self, token: Token, markup: str, inside: Any) -> None:
        super().__init__(token, markup)
        self.inside = inside

    def output(self, context: RenderContext) -> str:
        out = context.get_buffer()
        self.inside.render(context, out)
        code = escape(out.getvalue().strip("\r\n"), quote=False)
        if "linenos" in self.markup.split()[1:] or "linenos=table" in self.markup:
            count = code.count("\n") + 1
            numbers = "\n".join(str(number) for number in range(1, count + 1))
            code = (
                f'<table class="highlight"><tbody><tr><td class="gutter gl"><pre class="lineno">{numbers}\n</pre></td>'
                f'<td class="code"><pre>{code}\n</pre></td></tr></tbody></table>'
            )
        return f'\n<figure class="highlight"><pre><code>{code}</code></pre></figure>\n'


class _Highlight(Tag):
    name = "highlight"
    end = "endhighlight"

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        markup = stream.current.value.strip() if stream.current.kind == TOKEN_EXPRESSION else ""
        if not _LANGUAGE.fullmatch(markup):
            raise Failed("highlight: name the language first")
        next(stream)
        inside = get_parser(self.env).parse_block(stream, frozenset(("endhighlight",)))
        stream.expect(TOKEN_TAG, value="endhighlight")
        return _HighlightNode(token, markup, inside)


class _Unknown(Tag):
    """Any tag that neither Liquid nor Jekyll has: a plugin's, or a slip of the pen."""

    name = TOKEN_ILLEGAL
    block = False

    def parse(self, stream: TokenStream) -> Node:
        raise Failed(f"Liquid: unknown tag {stream.current.value[:60]!r}")


def register(environment: Environment) -> None:
    """Add the tags; `render` is not one of Jekyll's Liquid 4 habits but exists there too."""
    for name, node in (
        ("include", _Include),
        ("include_relative", _IncludeRelative),
        ("link", _Link),
        ("post_url", _PostUrl),
    ):
        environment.add_tag(type(f"_{name}", (_LineTag,), {"name": name, "node": node}))
    environment.add_tag(_Highlight)
    environment.add_tag(_Unknown)
