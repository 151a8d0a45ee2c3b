"""What front matter and body add to an article: urgency, marks, content, the picture's words, ids that collide."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core.content import content
from newsbot.core.model import Article, Urgency
from newsbot.sources.jekyll import read_folder
from newsbot.sources.jekyll.post import to_article
from newsbot.sources.jekyll.site import Site

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
SITE = Site(root=Path("/nowhere"), address="https://news.example")


def read(front: str, body: str = "본문", **options: object) -> Article:
    data = f"---\n{front}\n---\n{body}".encode()
    return to_article(data, "_posts/2024-07-12-x.md", SITE, source="s", now=NOW, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stated", "urgency"),
    [
        ("breaking", Urgency.BREAKING),
        ("속보", Urgency.BREAKING),
        ("'[속보]'", Urgency.BREAKING),
        ("Flash", Urgency.BREAKING),  # a flash is two people's decision
        ("긴급", Urgency.BREAKING),
        ("normal", Urgency.NORMAL),
        ("일반", Urgency.NORMAL),
        ("whatever", None),
        ("[a]", None),
        ("1", None),
    ],
)
def test_urgency(stated: str, urgency: Urgency | None) -> None:
    assert read(f"urgency: {stated}").urgency == urgency


def test_the_sources_defaults_and_what_wins() -> None:
    plain = read("title: t", urgency=Urgency.NORMAL, topics=("disaster",))
    assert (plain.urgency, plain.topics, plain.kind) == (Urgency.NORMAL, ("disaster",), "jekyll")
    assert read("urgency: 속보", urgency=Urgency.NORMAL).urgency == Urgency.BREAKING


def test_marks_come_from_front_matter_and_from_the_body() -> None:
    seen: list[tuple[str, str]] = []

    def mark(article: Article, body: str) -> tuple[str, ...]:
        seen.append((article.title, body))
        return ("election", "ai")

    body = "첫 **굵은** [말](https://a.example/x)\n\n<p>둘째 &amp; <b>셋</b></p>\n\n{% include ad.html %}\n{: .x}\n"
    article = read("title: t\nai: true\nsponsored: true", body, mark=mark)
    assert article.marks == ("ai", "advertising", "election")
    ((title, words),) = seen
    assert title == "t"
    assert words.split() == ["첫", "굵은", "말", "둘째", "&", "셋"]
    assert read("title: t\nai: 'yes'\nadvertising: false").marks == ()
    assert read("title: t", "가 " * 50_000, mark=lambda _, text: (str(len(text) <= 20_000),)).marks == ("True",)


def test_content_knows_words_and_nothing_else() -> None:
    first = content("“예시군” 앞바다 — 지진", "규모 5.1… 밝혔다.")
    assert first == content('"예시군"  앞바다 -- 지진', "규모 5.1 밝혔다")
    assert first == content("예시군 앞바다 지진", "규모 ５.１ 밝혔다")
    assert content("ABC", "") == content("abc", "")
    assert first != content("예시군 앞바다 지진", "규모 5.2 밝혔다")
    assert content("가", "나") != content("가나", "")
    assert len(first) == 16


def test_content_of_an_article_is_its_title_and_its_first_words() -> None:
    assert read("title: 제목\nexcerpt: 요약").content == content("제목", "요약")
    assert read("title: 제목", "첫 문단.\n\n둘째").content == content("제목", "첫 문단.")
    assert read("title: 제목\nexcerpt: ''", "<p>온 글</p>").content == content("제목", "온 글")
    assert read("title: 제목\ndate: 2024-07-01").content == read("title: 제목\npermalink: /x/").content


@pytest.mark.parametrize(
    ("image", "alt"),
    [
        ("{path: a.png, alt: '  항구\\n사진 '}", "항구 사진"),
        ("a.png", ""),
        ("{path: a.png, caption: 항구}", "항구"),
        ("{alt: x}", ""),
    ],
)
def test_what_the_image_shows(image: str, alt: str) -> None:
    assert read(f"title: t\nimage: {image}").alt == alt.replace("\\n", " ") or "\\n" in image


def test_two_posts_that_jekyll_gives_one_id(tmp_path: Path) -> None:
    """Under `/:year/:month-:day-:title/` the same slug on two days has two addresses and one id."""
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_config.yml").write_text("url: https://news.example\npermalink: /:year/:month-:day-:title/\n")
    for day in ("2024-07-11", "2024-07-12"):
        (tmp_path / "_posts" / f"{day}-daily.md").write_text("---\ntitle: 매일\n---\n본문")
    first, second = read_folder(tmp_path, now=lambda: NOW)
    assert first.id == "https://news.example/2024/daily"
    assert second.id == "https://news.example/_posts/2024-07-12-daily.md"
    assert first.url != second.url


def test_a_folder_is_read_one_by_one_and_again(tmp_path: Path) -> None:
    (tmp_path / "_posts").mkdir()
    for number in (2, 1, 3):
        (tmp_path / "_posts" / f"2024-07-12-n{number}.md").write_text(f"---\ntitle: {number}\n---\n본문")
    posts = read_folder(tmp_path, now=lambda: NOW)
    assert len(posts) == 3
    assert [article.title for article in posts] == [article.title for article in posts] == ["1", "2", "3"]
    iterator = iter(posts)
    assert next(iterator).title == "1"
    (tmp_path / "_posts" / "2024-07-12-n2.md").write_text("---\ntitle: 바뀐\n---\n본문")
    assert next(iterator).title == "바뀐"  # nothing was read ahead


@pytest.mark.parametrize("limit", [0, 2])
def test_a_site_that_shows_its_newest_posts_only(tmp_path: Path, limit: int) -> None:
    (tmp_path / "_posts").mkdir()
    (tmp_path / "_config.yml").write_text(f"limit_posts: {limit}\n")
    for day in (10, 11, 12):
        (tmp_path / "_posts" / f"2024-07-{day}-x.md").write_text("본문")
    states = [article.state for article in read_folder(tmp_path, now=lambda: NOW)]
    assert states == (["publishable"] * 3 if not limit else ["unpublished", "publishable", "publishable"])


def test_liquid_that_cannot_be_rendered_is_left_out_and_said() -> None:
    article = read("title: t", "앞 {% plugin_tag x %}뒤 {{ page.title }}")
    assert (article.state, article.excerpt) == ("publishable", "앞 뒤")
    assert "plugin_tag" in article.problem


@pytest.mark.parametrize(
    "template",
    [
        "{% include ../../etc/passwd %}",
        "{% include /etc/passwd %}",
        "{% include_relative ../../../../etc/passwd %}",
        "{% for i in (1..99999999) %}x{% endfor %}",
        "{% for i in (1..9999) %}{% for j in (1..9999) %}x{% endfor %}{% endfor %}",
        "{% assign a = 'x' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
        "{{ 'x' | where_exp: 'y', '' }}",
        "{% if " + "(" * 500 + " %}x{% endif %}",
        "{{ site | jsonify }}{{ page | inspect }}{{ site.memo }}{{ page.__class__ }}",
    ],
)
def test_a_template_cannot_reach_out_or_run_away(tmp_path: Path, template: str) -> None:
    site = Site(root=tmp_path, address="https://news.example")
    data = f"---\ntitle: t\n---\n앞 {template} 뒤".encode()
    article = to_article(data, "_posts/2024-07-12-x.md", site, source="s", now=NOW)
    assert "root:" not in article.excerpt
    assert "class" not in article.excerpt
    assert article.title == "t"


@pytest.mark.parametrize(
    ("front", "body", "publisher", "name"),
    [
        ("attribution: {url: 'https://www.agency.example/a', licence: KOGL-1}", "본문", "예시뉴스", "agency.example"),
        ("title: t", "공공누리 제1유형의 조건에 따라 이용할 수 있습니다.", "예시뉴스", "예시뉴스"),
        ("title: t", "공공누리 제1유형의 조건에 따라 이용할 수 있습니다.", "", "출처 미상"),
        ("title: t", "자료: 예시부, 공공누리 제1유형", "예시뉴스", "예시부"),
    ],
)
def test_a_licence_always_has_a_name(front: str, body: str, publisher: str, name: str) -> None:
    site = Site(root=Path("/nowhere"), publisher=publisher)
    data = f"---\n{front}\n---\n{body}".encode()
    article = to_article(data, "_posts/2024-07-12-x.md", site, source="s", now=NOW)
    assert article.attribution is not None
    assert article.attribution.name == name
