"""What a Jekyll file says, in tables: dates, addresses (as Jekyll 4.3.1 made them), words, licences."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsbot.core.model import Article
from newsbot.ports import SourceError
from newsbot.sources.jekyll.excerpt import plain_markdown
from newsbot.sources.jekyll.front import FrontError, load, split
from newsbot.sources.jekyll.post import to_article
from newsbot.sources.jekyll.site import Site, read_site

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
X = "_posts/2024-07-12-x.md"
SITE = Site(root=Path("/nowhere"), address="https://news.example", publisher="예시뉴스")


def post(text: str, rel: str = "_posts/2024-07-12-harbour.md", site: Site = SITE, now: datetime = NOW) -> Article:
    return to_article(text.encode(), rel, site, source="예시", now=now)


def fields(lines: str, body: str = "본문", **options: object) -> Article:
    return post(f"---\n{lines}\n---\n{body}", **options)  # type: ignore[arg-type]


# --- addresses: (file, front matter, id, url), each checked against Jekyll itself ---

ADDRESSES = [
    ("_posts/2024-07-12-hello-World_x.md", "", "/2024/07/12/hello-World_x", "/2024/07/12/hello-World_x.html"),
    (
        "_posts/2024-7-2-한글-제목.markdown",
        'categories: [News Desk, "Q&A?", 뉴스]',
        "/news%20desk/q&a?/%EB%89%B4%EC%8A%A4/2024/07/02/%ED%95%9C%EA%B8%80-%EC%A0%9C%EB%AA%A9",
        "/news%20desk/q&a?/%EB%89%B4%EC%8A%A4/2024/07/02/%ED%95%9C%EA%B8%80-%EC%A0%9C%EB%AA%A9.html",
    ),
    ("_posts/2024-07-12-q--r-S.html", "", "/2024/07/12/q--r-S", "/2024/07/12/q-r-S.html"),
    ("_posts/2024-07-12-a..md", "", "/2024/07/12/a", "/2024/07/12/a.html"),
    ("_posts/2024-07-12-h.htm", "", "/2024/07/12/h", "/2024/07/12/h.htm"),
    ("_posts/24-07-12-short.md", "", "/2024/07/12/short", "/2024/07/12/short.html"),
    (X, "slug: My Slug", "/2024/07/12/My%20Slug", "/2024/07/12/My-Slug.html"),
    (X, "permalink: /foo.html", "/x", "/foo.html"),
    (X, "permalink: /:year/:slug/", "/2024/x", "/2024/x/"),
    (X, "categories: a b\ncategory: c d", "/a/b/c%20d/2024/07/12/x", "/a/b/c%20d/2024/07/12/x.html"),
    ("N/b/_posts/2024-07-12-x.md", "category: n", "/n/b/2024/07/12/x", "/n/b/2024/07/12/x.html"),
    ("_posts/2024-07-12-sp ace(1)+~.md", "", "/2024/07/12/sp%20ace(1)+~", "/2024/07/12/sp-ace(1)+~.html"),
    ("_posts/2024-07-11-x.md", "date: 2024-07-12 10:00:00 -0500", "/2024/07/13/x", "/2024/07/13/x.html"),
]


@pytest.mark.parametrize(("rel", "front", "id_", "url"), ADDRESSES)
def test_id_and_url_are_jekylls(rel: str, front: str, id_: str, url: str) -> None:
    article = fields(front, rel=rel)
    assert article.id == "https://news.example" + id_
    assert article.url == "https://news.example" + url
    assert article.keys == (f"path:{rel}", article.url)


@pytest.mark.parametrize(
    ("permalink", "url"),
    [
        ("date", "/news/2024/07/02/x.html"),
        ("pretty", "/news/2024/07/02/x/"),
        ("ordinal", "/news/2024/184/x.html"),
        ("none", "/news/x.html"),
        ("weekdate", "/news/2024/W27/Tue/x.html"),
        ("/:short_year/:i_month/:i_day/:hour:minute:second/:title", "/24/7/2/000000/x"),
        ("/:short_month/:long_month/:long_day/:w_day/:slug:output_ext", "/Jul/July/Tuesday/2/x.html"),
        ("/:month_:day/:title/", "/07_02/x/"),
        ("/기사/:title", "/%EA%B8%B0%EC%82%AC/x"),
    ],
)
def test_permalink_styles(tmp_path: Path, permalink: str, url: str) -> None:
    (tmp_path / "_config.yml").write_text(f"url: https://news.example\npermalink: '{permalink}'\nbaseurl: /b\n")
    article = fields("categories: News", rel="_posts/2024-07-02-x.md", site=read_site(tmp_path))
    assert article.url == "https://news.example/b" + url


def test_without_site_address_everything_stays_relative() -> None:
    article = fields("image: /i.png", site=Site(root=Path("/nowhere")))
    assert (article.id, article.url) == ("/2024/07/12/harbour", "/2024/07/12/harbour.html")
    assert article.image == "/i.png"


# --- dates ---


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2024-07-12 10:00:00", "2024-07-12T19:00:00+09:00"),  # YAML says UTC, and Jekyll believes it
        ("'2024-07-12 10:00:00'", "2024-07-12T10:00:00+09:00"),
        ("2024-07-12 10:00", "2024-07-12T10:00:00+09:00"),
        ("2024-07-12T23:30:00Z", "2024-07-13T08:30:00+09:00"),
        ("2024-07-12 10:00:00 -0500", "2024-07-13T00:00:00+09:00"),
        ("2024-07-12 10:00:00 +09:00", "2024-07-12T10:00:00+09:00"),
        ("2024-07-12 10:00:00 +9", "2024-07-12T10:00:00+09:00"),
        ("2024-07-12 10:00:00 KST", "2024-07-12T10:00:00+09:00"),
        ("2024-07-12 3:05 pm", "2024-07-12T15:05:00+09:00"),
        ("2024-7-2 9:05:00 +09:00", "2024-07-02T09:05:00+09:00"),
        ("2024-07-13", "2024-07-13"),
        ("2024/07/12", "2024-07-12"),
        ("", "2024-07-11"),
    ],
)
def test_date(stated: str, expected: str) -> None:
    assert fields(f"date: {stated}", rel="_posts/2024-07-11-x.md").published_at == expected


@pytest.mark.parametrize("stated", ["soon", "2024-07-32", "2024-07-12 25:00", "{a: b}", ""])
def test_a_date_nobody_understands_is_invalid(stated: str) -> None:
    article = fields(f"title: t\ndate: {stated}")
    assert article.state == "invalid"
    assert article.problem.startswith("_posts/2024-07-12-harbour.md:3: date ")


# --- state ---


@pytest.mark.parametrize(
    ("rel", "front", "now", "state"),
    [
        (X, "", NOW, "publishable"),
        (X, "published: false", NOW, "unpublished"),
        (X, "published:", NOW, "unpublished"),
        (X, "published: 'false'", NOW, "publishable"),
        (X, "draft: true", NOW, "publishable"),  # Jekyll publishes it
        (X, "published: 0", NOW, "publishable"),
        ("_drafts/x.md", "", NOW, "draft"),
        ("_posts/2024-07-21-x.md", "", NOW, "future"),
        ("_posts/2024-07-21-x.md", "", datetime(2024, 7, 20, 14, 59, tzinfo=UTC), "future"),
        ("_posts/2024-07-21-x.md", "", datetime(2024, 7, 20, 15, 0, tzinfo=UTC), "publishable"),  # midnight in Seoul
        (X, "date: 2024-07-20 12:00:01 +0900", NOW, "future"),
        (X, "date: 2024-07-20 12:00:00 +0900", NOW, "publishable"),
        ("_posts/2024-13-01-x.md", "", NOW, "invalid"),
    ],
)
def test_state(rel: str, front: str, now: datetime, state: str) -> None:
    assert fields(front, rel=rel, now=now).state == state


def test_a_site_that_publishes_the_future() -> None:
    assert fields("", rel="_posts/2030-01-01-x.md", site=Site(root=Path("/"), future=True)).state == "publishable"


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        (b"---\ntitle: ''\n---\nx", 2, "title empty"),
        (b"---\nlayout: p\ntitle: '  '\n---\nx", 3, "title empty"),
        (b"---\n- a\n---\nx", 2, "no list of settings"),
        (b"---\nbad: [1\n---\nx", 3, "expected"),
        (b"---\ntitle:\nbad: [1\n---\nx", 4, "expected"),
        (b"---\ntitle: t\n---\n\xff\xfe", 4, "not UTF-8"),
        (b"---\ntitle: \xb1\xe2\n---\nx", 2, "not UTF-8"),
        (b"---\npermalink: /:nope/\n---\nx", 2, "no :nope"),
        (b"---\npermalink: [a]\n---\nx", 2, "permalink is no text"),
        (b"---\na: &a [x]\nb: [" + b"*a, " * 40 + b"]\n---\nx", 3, "aliases"),
    ],
)
def test_what_cannot_be_read_is_invalid_and_says_where(data: bytes, line: int, why: str) -> None:
    article = to_article(data, "_posts/2024-07-12-harbour.md", SITE, source="s", now=NOW)
    assert article.state == "invalid"
    assert article.problem.startswith(f"_posts/2024-07-12-harbour.md:{line}: ")
    assert why in article.problem
    assert "\n" not in article.problem
    assert article.title == "Harbour"


# --- words ---


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: '예시군  앞바다\t지진'", "예시군 앞바다 지진"),
        ("title:", "Harbour"),
        ("", "Harbour"),
        ("slug: other", "Harbour"),
        ("title: 1.10", "1.1"),
        ("title: 10:30", "37800"),  # YAML counts by sixties, and Jekyll shows what YAML says
        ("title: 1,000", "1000"),
        ("title: yes", "true"),
        ("title: [가, 나]", "가나"),
        ("title: 2024-07-12 10:00:00", "2024-07-12 19:00:00 +0900"),
        ("title: >\n  두 줄\n  제목", "두 줄 제목"),
    ],
)
def test_title(front: str, title: str) -> None:
    assert fields(front).title == title


@pytest.mark.parametrize(
    ("front", "body", "excerpt"),
    [
        ("excerpt: >\n  첫  문장이다.\n  둘째\u00a0문장이다.", "본문", "첫 문장이다. 둘째 문장이다."),
        ("excerpt: '**굵은** <b>한</b>미 &amp; \"따옴\"'", "", '**굵은** 한미 & "따옴"'),
        ("excerpt: ''", "본문", ""),
        ("excerpt: '2024. 7. 12. 예시군이 밝혔다.'", "", "2024. 7. 12. 예시군이 밝혔다."),
        ("excerpt:", "첫 문단\n이어서\n\n둘째", "첫 문단 이어서"),
        ("", "\n\n\n첫 문단\n\n둘째", "첫 문단"),
        ("", "보기 [하나][1]\n\n둘째\n\n[1]: https://a.example\n", "보기 하나"),
        ("", 'he said "no" -- it\'s... (c)', "he said “no” – it’s… (c)"),
        ("", "<p>가<b>나</b>다</p><p>라</p><script>x</script><style>y</style>", "가나다 라"),
        ("", "{% include ad.html %}앞 {{ site.title }}뒤", "앞 뒤"),
        ("", "{: .lead}\n첫 문단", "첫 문단"),
        ("", "앞\n<!--more-->\n\n뒤", "앞"),
        ("excerpt_separator: <!--more-->", "앞\n\n뒤\n<!--more-->\n끝", "앞 뒤"),
        ("excerpt_separator: ''", "앞\n\n뒤", ""),
    ],
)
def test_excerpt(front: str, body: str, excerpt: str) -> None:
    assert fields(front, body).excerpt == excerpt
    assert fields("", "<p>*별*</p>", rel="_posts/2024-07-12-x.html").excerpt == "*별*"  # HTML is no Markdown


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_newlines_and_byte_order_mark_change_nothing(newline: str, mark: str) -> None:
    text = "---\ntitle: 제목\nexcerpt: >\n  가\n  나\n---\n\n첫\n\n둘\n"
    assert post(mark + text.replace("\n", newline)) == post(text)


@pytest.mark.slow
def test_deep_nesting_does_no_harm() -> None:
    assert fields("", "<div>" * 50_000 + "가").excerpt in ("가", "")
    assert plain_markdown("> " * 5_000 + "가", SITE) is not None
    assert plain_markdown("\"a' " * 5_000, SITE) is not None
    assert fields("a: " + "[" * 5_000).state == "invalid"


# --- categories, image ---


@pytest.mark.parametrize(
    ("rel", "front", "expected"),
    [
        (X, "categories: News 지역", ("News", "지역")),
        (X, "categories:\n  - 두 낱말\n  - News", ("두 낱말", "News")),
        (X, "category: 두 낱말", ("두 낱말",)),
        (X, "categories: [a, a]\ncategory: a", ("a",)),
        ("지역/_posts/sub/2024-07-12-x.md", "categories: News", ("지역", "News")),
        (X, "categories:", ()),
    ],
)
def test_categories(rel: str, front: str, expected: tuple[str, ...]) -> None:
    assert fields(front, rel=rel).categories == expected


def test_tags() -> None:
    assert [fields(front).tags for front in ("tags: a b", "tag: a b", "tags: [1, b c]")] == [
        ("a", "b"), ("a b",), ("1", "b c"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("front", "expected"),
    [
        ("image: /assets/사진 1.png", "https://news.example/b/assets/%EC%82%AC%EC%A7%84%201.png"),
        ("image: {path: a.png, alt: x}", "https://news.example/b/a.png"),
        ("image: https://cdn.example/a.png", "https://cdn.example/a.png"),
        ("image: //cdn.example/a.png", "https://cdn.example/a.png"),
        ("image: 'data:image/png;base64,xx'", None),
        ("image: 'javascript:alert(1)'", None),
        ("image: ''", None),
    ],
)
def test_image_comes_from_the_front_matter_only(front: str, expected: str | None) -> None:
    site = Site(root=Path("/"), address="https://news.example", base="/b")
    assert fields(front, '<img src="https://else.example/body.png">', site=site).image == expected


# --- settings ---


@pytest.mark.parametrize(
    ("config", "line", "why"),
    [
        ("title: a\nurl: [x\n", 3, "expected"),
        ("title: a\ntimezone: Asia/Atlantis\n", 2, "timezone"),
        ("- a\n", 1, "settings"),
        ("a: 1\nb: 2\npermalink: /:nope/\n", 3, ":nope"),
        ("url: news.example\n", 1, "http"),
    ],
)
def test_a_broken_config_names_file_and_line(tmp_path: Path, config: str, line: int, why: str) -> None:
    (tmp_path / "_config.yml").write_text(config)
    with pytest.raises(SourceError, match=why) as error:
        read_site(tmp_path)
    assert str(error.value).startswith(f"{tmp_path}/_config.yml:{line}: ")
    assert "\n" not in str(error.value)


def test_site_settings_and_what_overrules_them(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text(
        "url: https://a.example/\nbaseurl: b/\ntitle: 예시\ntimezone: UTC\nfuture: true\n"
    )
    site = read_site(tmp_path)
    assert (site.absolute("/"), site.zone, site.future) == ("https://a.example//b/", "UTC", True)
    assert site.publisher == "예시"
    assert read_site(tmp_path, url="https://c.example").absolute("x") == "https://c.example/b/x"
    assert read_site(tmp_path, url="https://c.example/d/").absolute("x") == "https://c.example/d/x"
    assert read_site(tmp_path / "none", url="https://c.example").publisher == "c.example"
    with pytest.raises(SourceError):
        read_site(tmp_path, url="c.example")


def test_front_matter_is_split_as_jekyll_splits_it() -> None:
    assert split("---\na: 1\n...\n\n \nx").body == "x"
    assert split("---  \n---\n  x").body == "  x"
    assert split("--- x\n---\n").front is None
    with pytest.raises(FrontError):
        load("a: !ruby/object:Object {}")


# --- whatever comes ---

LENIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
KEYS = "title date categories category tags slug permalink image excerpt published excerpt_separator attribution kogl"
PLAIN = st.none() | st.booleans() | st.integers() | st.text("가 1-/:[%}\n", max_size=12)
VALUES = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.sampled_from(["name", "path"]), PLAIN)


@LENIENT
@given(st.binary(max_size=300), st.sampled_from([X, "x", "_posts/.md", "a/_posts/99-99-99-.html"]))
def test_no_bytes_break_the_reader(data: bytes, rel: str) -> None:
    for part in (data, b"---\n" + data + b"\n---\nx"):
        article = to_article(part, rel, SITE, source="s", now=NOW)
        assert article.title.strip()
        assert "\n" not in article.problem


@LENIENT
@given(st.dictionaries(st.sampled_from(KEYS.split()), VALUES))
def test_no_values_break_the_reader(values: dict[str, object]) -> None:
    import yaml

    article = post("---\n" + yaml.safe_dump(values, allow_unicode=True) + "---\nx")
    assert article.title.strip()
