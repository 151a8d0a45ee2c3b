"""Sites put together by chance (from a seed), built by Jekyll itself: each post must read the same here."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.contract.jekyll_kit import BuildFailed, compare, needs_jekyll

pytestmark = [needs_jekyll, pytest.mark.slow, pytest.mark.timeout(300)]

CONFIG = {
    "url": ["https://news.example", "https://News.Example/", "http://news.example:8080", '""'],
    "baseurl": ["/b", "b", "/b/", "/한글", '""'],
    "permalink": ["date", "pretty", "none", "weekdate", "/:categories/:year/:title.html", "/:path:output_ext"],
    "timezone": ["Asia/Seoul", "America/New_York", "UTC", "Asia/Kathmandu"],
    "future": ["true", "false"],
    "unpublished": ["true", "false"],
    "excerpt_separator": ['"<!--more-->"', '"\\n\\n\\n"', '"\\n"', "false"],
    "kramdown": ["{hard_wrap: true}", "{input: kramdown}", "{parse_block_html: true}", "{math_engine: null}"],
    "defaults": [
        '[{scope: {path: ""}, values: {categories: 기본, title: 기본 제목}}]',
        "[{scope: {path: 정치}, values: {tags: [t], permalink: /d/:title/}}, {scope: {path: _posts}, values: {slug: s}}]",
        '[{scope: {path: "*/_posts", type: posts}, values: {published: false}}]',
    ],
}
FRONT = {
    "title": [
        "제목",
        "[이름] 제목",
        "속보: 제목",
        '"따옴 \\"표\\""',
        "1.10",
        "10:30",
        "yes",
        "~",
        "[a, b]",
        "'It''s'",
        "@골",
    ],
    "date": ["2024-07-12", "2024-07-12 10:00:00", '"2024-07-12 3:05 PM"', "2024-07-12T23:30:00-05:00", "2024/07/12"],
    "categories": ["News 지역", "[News, [a, b]]", "[1, 두 낱말]", "", "2024", "[a, null]"],
    "category": ["하나", "[a, b]", ""],
    "tags": ["a b", "[1, b]", ""],
    "published": ["true", "false", "", "0"],
    "slug": ["other", '"한글 Slug!"', '""', "a.b"],
    "permalink": ["/x/:title/", "/fixed", '""', "/a b/한글.html"],
    "excerpt": ["요약", "'**요약** <b>b</b>'", '""', "false", "[a, 1]"],
    "excerpt_separator": ['"<!--more-->"', '""', '"\\n"'],
    "render_with_liquid": ["false"],
}
PIECES = [
    *(
        "한글",
        "예시군이",
        "밝혔다.",
        '"따옴"',
        "'작은'",
        '"',
        "'",
        "it's",
        "--",
        "...",
        "*굵*",
        "**굵은**",
        "*",
        "_",
        "_a_",
    ),
    *(
        "`c`",
        "`",
        "[링크](http://a.example)",
        "[x][1]",
        "[1]",
        "[",
        "그림 ![g](a.png)",
        "<b>",
        "</b>",
        "<br>",
        "<!-- c -->",
    ),
    *(
        "&amp;",
        "&",
        "&copy;",
        "<",
        ">",
        "<<",
        ">>",
        "$$x$$",
        "\\*",
        "{:.a}",
        "|",
        "a|b",
        "~~x~~",
        "[^1]",
        "1.",
        "2024.",
    ),
    *("{{ page.title }}", "{{ page.url }}", "{% if page.tags %}t{% endif %}", "{{ page.date | date: '%F' }}", "(", ")"),
]
STARTS = [
    *(
        "",
        "",
        "",
        "- ",
        "1. ",
        "> ",
        "# ",
        "    ",
        ": ",
        "| ",
        "```\n",
        "<div>\n",
        "</div>\n",
        "<p>",
        "</p>\n",
        "***\n",
    ),
    *("[1]: http://a.example\n", "[^1]: ", "{: .lead}\n", "<!--more-->\n", "|---|---|\n", "* TOC\n{:toc}\n", "---\n"),
]
FOLDERS = ["_posts"] * 5 + ["_posts/sub", "정치/_posts", "a/b/_posts", "_drafts", "_posts/_wip"]
NAMES = ["p", "글-", "A-B-", "x.y.", "한글 (제목)!", "100%-", "e\u0301", "a--"]


def _config(luck: random.Random) -> str:
    lines = [f"{key}: {luck.choice(values)}" for key, values in CONFIG.items() if luck.random() < 0.4]
    return "\n".join(["time: 2024-07-20 12:00:00 +0900", *lines, ""])


def _body(luck: random.Random) -> str:
    lines = []
    for _ in range(luck.randint(0, 7)):
        words = [luck.choice(PIECES) + luck.choice([" ", " ", ""]) for _ in range(luck.randint(0, 5))]
        lines.append(luck.choice(STARTS) + "".join(words) if words else "")
    return "\n".join(lines) + "\n"


def _post(luck: random.Random) -> bytes:
    front = [f"{key}: {luck.choice(values)}" for key, values in FRONT.items() if luck.random() < 0.3]
    luck.shuffle(front)
    text = "\n".join(["---", *front, "---", "", _body(luck)])
    if luck.random() < 0.1:
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if luck.random() < 0.1 else b"") + text.encode()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_site_is_made_of(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    (tmp_path / "_config.yml").write_text(_config(luck))
    for number in range(80):
        folder = tmp_path / luck.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        day = luck.choice(["2024-07-01", "2024-7-2", "24-07-12", "2024-07-20", "2024-07-21", "2023-12-31"])
        extension = luck.choice(["md", "md", "md", "markdown", "html", "MD", "txt"])
        (folder / f"{day}-{luck.choice(NAMES)}{number}.{extension}").write_bytes(_post(luck))
    try:
        count, found = compare(tmp_path)
    except BuildFailed as error:
        pytest.fail(f"the seed makes a site that Jekyll refuses: {error}")
    # Where no title can be read at all, Jekyll publishes an empty one and we refuse: nobody alerts that.
    known = {path for path, fields in found.items() if "title" in str(fields.get("problem", ""))}
    assert {path: fields for path, fields in found.items() if path not in known} == {}
    assert count > 40
    assert len(known) < count / 5
