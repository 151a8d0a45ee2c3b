"""What is read in a feed: every format, every way to break one, every encoding and date."""

from __future__ import annotations

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from newsbot.core.model import Article, Urgency
from newsbot.sources.feed import dates, encoding
from newsbot.sources.feed.document import NotAFeed
from newsbot.sources.feed.entry import Frame, articles
from newsbot.sources.feed.read import read
from tests.contract.feed_kit import item, rss

URL = "https://news.kr/feed.xml"
SEOUL = ZoneInfo("Asia/Seoul")


def told(document: str | bytes, content_type: str = "", **more: object) -> list[Article]:
    """The articles of a document found at `URL`."""
    data = document.encode() if isinstance(document, str) else document
    frame = Frame("예시", URL, "Asia/Seoul", **more)  # type: ignore[arg-type]
    return articles(read(data, content_type, URL), frame, URL)[0]


ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>예시뉴스</title><link href="https://news.kr/"/>
<entry><id>tag:news.kr,2026:1</id>%s<link rel="self" href="/1.atom"/><link href="/1"/>
<published>2026-06-01T01:00:00Z</published><updated>2026-06-09T01:00:00Z</updated>
<category term="사회"/><category term="지진"/>%s</entry></feed>"""


def test_rss_two_says_what_an_article_needs() -> None:
    more = '<category>사회</category><enclosure url="/a.jpg" type="image/jpeg" length="1"/>'
    [found] = told(rss(item(1).replace("</item>", f"{more}</item>")), urgency=Urgency.BREAKING, topics=("quake",))
    assert (found.id, found.url) == ("https://news.kr/1", "https://news.kr/1")
    assert (found.title, found.excerpt) == ("예시군 앞바다 지진", "예시군 앞바다에서 지진이 났다 1.")
    assert (found.kind, found.source, found.publisher) == ("feed", "예시", "예시뉴스")
    assert found.published_at == "2026-06-01T10:00:00+09:00"
    assert (found.image, found.categories) == ("https://news.kr/a.jpg", ("사회",))
    assert (found.urgency, found.topics, found.state) == (Urgency.BREAKING, ("quake",), "publishable")


def test_atom_says_it_too_and_its_updates_do_not_matter() -> None:
    title = '<title type="html">예시군 &amp;amp; 앞바다 &lt;b&gt;지진&lt;/b&gt;</title>'
    before = told(ATOM % (title, "<summary>짧은 요약이다.</summary>"))
    [found] = before
    assert (found.id, found.url, found.keys) == ("tag:news.kr,2026:1", "https://news.kr/1", ("https://news.kr/1",))
    assert (found.title, found.excerpt) == ("예시군 & 앞바다 지진", "짧은 요약이다.")
    assert (found.published_at, found.categories) == ("2026-06-01T10:00:00+09:00", ("사회", "지진"))
    assert told((ATOM % (title, "<summary>짧은 요약이다.</summary>")).replace("06-09", "07-09")) == before


@pytest.mark.parametrize(
    ("title", "read_as"),
    [
        ("<title>a &lt; b &amp; c &lt;b&gt;</title>", "a < b & c <b>"),
        ('<title type="text">a &amp;lt;!here&amp;gt;</title>', "a &lt;!here&gt;"),
        ('<title type="html">a &amp;lt;!here&amp;gt;</title>', "a <!here>"),
        ('<title type="html"><![CDATA[a &amp; <i>b</i>]]></title>', "a & b"),
        ('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b> &lt; c</div></title>', "a b < c"),
    ],
)
def test_an_atom_title_is_what_its_type_says(title: str, read_as: str) -> None:
    assert told(ATOM % (title, ""))[0].title == read_as


@pytest.mark.parametrize(
    ("title", "read_as"),
    [
        ("a &lt; b &amp; c", "a < b & c"),
        ("&amp;lt;!here&amp;gt; 속보", "&lt;!here&gt; 속보"),
        ("R&amp;amp;D", "R&amp;D"),
        ("&amp;quot;예시군&amp;quot;&amp;nbsp;앞바다&amp;hellip;", '"예시군" 앞바다…'),
        ("<![CDATA[예시군 &amp; 예시시 &quot;지진&quot; &lt;!here&gt;]]>", '예시군 & 예시시 "지진" <!here>'),
        ("&lt;b&gt;예시군&lt;/b&gt; 지진", "예시군 지진"),
        ("예시군 <b>앞바다</b> 지진", "예시군 앞바다 지진"),
        ("  예시군\n\t 지진&#160;", "예시군 지진"),
        ("&lt;script&gt;x&lt;/script&gt;예시군", "예시군"),
    ],
)
def test_an_rss_title_is_decoded_once(title: str, read_as: str) -> None:
    assert told(rss(item(1, title)))[0].title == read_as


def test_older_forms_of_rss_and_feeds_without_a_namespace_are_read() -> None:
    one = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://news.kr/"><title>예시뉴스</title>'
        '</channel><item rdf:about="https://news.kr/1"><title>지진</title><link>https://news.kr/1</link>'
        "<dc:date>2026-06-01T10:00:00+09:00</dc:date><dc:subject>사회</dc:subject></item></rdf:RDF>"
    )
    nine = (
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://x/rss-0.91.dtd">'
        "<rss version='0.91'><channel><title>예시뉴스</title><item><title>지진</title><link>https://news.kr/1</link>"
        "</item></channel></rss>"
    )
    bare = "<feed><title>예시뉴스</title><entry><id>a:1</id><title>지진</title><link href='https://news.kr/1'/></entry></feed>"
    for document in (one, nine, bare):
        [found] = told(document)
        assert (found.title, found.url, found.publisher) == ("지진", "https://news.kr/1", "예시뉴스")


@pytest.mark.parametrize("version", ["https://jsonfeed.org/version/1", "https://jsonfeed.org/version/1.1"])
def test_json_feed_is_read(version: str) -> None:
    items = [
        {
            "id": 7,
            "url": "/7",
            "title": "<b>지진</b> & 해일",
            "content_html": "<p>첫 문단이 여기에 있습니다.</p><p>둘</p>",
        },
        {"id": "https://news.kr/8", "content_text": "글", "image": "/8.png", "tags": ["사회", 3, None]},
        "odd",
        {"id": "9", "title": "태풍", "url": "https://news.kr/9", "date_published": "2026-06-01T10:00:00+09:00"},
    ]
    seven, eight, nine = told(json.dumps({"version": version, "title": "예시뉴스", "items": items}))
    assert (seven.id, seven.url, seven.title) == (f"{URL}#7", "https://news.kr/7", "<b>지진</b> & 해일")
    assert seven.excerpt == "첫 문단이 여기에 있습니다."
    assert (eight.state, eight.problem, eight.image) == ("invalid", "title empty", "https://news.kr/8.png")
    assert (nine.published_at, nine.publisher) == ("2026-06-01T10:00:00+09:00", "예시뉴스")


def test_half_a_character_in_a_json_feed_hurts_its_own_item_alone() -> None:
    one = {"id": "1", "title": "지진\ud800", "tags": ["사회\udc00"]}
    two = {"id": "2", "url": "/2", "title": "태풍", "content_text": "글\ud83d"}
    document = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [one, two]})
    first, second = told(document)
    assert first.fingerprint != second.fingerprint
    assert first.state == "invalid"
    assert second.title == "태풍"
    second.model_dump_json().encode()


# --- names ----------------------------------------------------------------------------------------------------------


def test_a_guid_is_the_id_exactly_unless_it_means_something_here_only() -> None:
    feed = rss(
        item(1, guid="https://news.kr/?p=1&amp;utm_source=x"),
        item(2, guid="urn:uuid:1-2-3"),
        item(3, guid="/old/3"),
        item(4).replace("<guid>https://news.kr/4", '<guid isPermaLink="false">4711'),
        item(5, guid=""),
    )
    ids = [article.id for article in told(feed)]
    assert ids[:4] == ["https://news.kr/?p=1&utm_source=x", "urn:uuid:1-2-3", "https://news.kr/old/3", f"{URL}#4711"]
    assert ids[4].startswith("https://news.kr/5#")


def test_without_guid_it_is_the_address_and_the_title_and_a_new_title_is_known_by_the_address() -> None:
    [before], [after] = (told(rss(item(1, title, guid=""))) for title in ("지진", "지진 규모 5"))
    assert before.id != after.id
    assert before.keys == after.keys == ("https://news.kr/1",)


def test_where_a_reader_came_from_is_no_part_of_an_address() -> None:
    [found] = told(
        rss(item(1, guid="a:1", link="https://news.kr/1?utm_source=rss&amp;id=7&amp;fbclid=x&amp;UTM_a=#top"))
    )
    assert found.url == "https://news.kr/1?id=7#top"
    assert found.keys == ("https://news.kr/1?id=7",)


def test_an_address_that_entries_share_and_the_front_page_are_nobodys_name() -> None:
    live = [item(n, guid=f"a:{n}", link=f"https://news.kr/live#{n}") for n in (1, 2)]
    one, two, front = told(rss(*live, item(3, guid="a:3", link="https://news.kr/")))
    assert (one.keys, two.keys, front.keys) == ((), (), ())
    twice = told(rss(item(1, guid="a:1"), item(1, "다른 제목", guid="a:1")))
    assert [(found.title, found.keys) for found in twice] == [("예시군 앞바다 지진", ("https://news.kr/1",))]


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "tg://x", "http://a@b.kr/", "http://[", "ftp://a/"]
)
def test_an_address_that_is_no_page_is_left_out(link: str) -> None:
    [found] = told(rss(item(1, guid="a:1", link=link)))
    assert (found.url, found.keys, found.state) == ("", (), "publishable")


def test_an_entry_without_a_name_is_left_out_and_the_rest_stays() -> None:
    assert [found.id for found in told(rss(item(1, guid="", link=""), item(2)))] == ["https://news.kr/2"]


def test_taken_from_elsewhere_is_said() -> None:
    source = '<source url="https://other.kr/rss">다른통신</source>'
    own = '<source url="https://news.kr/rss">예시뉴스</source>'
    one, two = told(rss(item(1).replace("</item>", f"{source}</item>"), item(2).replace("</item>", f"{own}</item>")))
    assert one.attribution is not None
    assert (one.attribution.name, one.attribution.url) == ("다른통신", "https://other.kr/rss")
    assert two.attribution is None


# --- words and pictures ---------------------------------------------------------------------------------------------


def test_the_excerpt_is_the_summary_else_the_first_paragraph() -> None:
    paragraphs = ("사진=예시뉴스", "예시군에서 지진이 나 주민이 대피했습니다.", "둘째 문단.")
    html = "".join(f"&lt;p&gt;{one}&lt;/p&gt;" for one in paragraphs)
    long = "&lt;p&gt;" + "예시군에서 지진이 났습니다. " * 10 + "&lt;/p&gt;" + "&lt;p&gt;더.&lt;/p&gt;" * 500
    one, two, three = told(
        rss(
            item(1, description="요약이다.", content_encoded=html),
            item(2, description="", content_encoded=html),
            item(3, description=long),
        )
    )
    assert one.excerpt == "요약이다."
    assert two.excerpt == "예시군에서 지진이 나 주민이 대피했습니다."
    assert three.excerpt == " ".join(["예시군에서 지진이 났습니다."] * 10)


def test_marks_are_given_on_the_whole_text() -> None:
    seen: list[str] = []

    def mark(article: Article, body: str) -> tuple[str, ...]:
        seen.append(body)
        return ("advertising",)

    [found] = told(rss(item(1, content_encoded="&lt;p&gt;하나&lt;/p&gt;&lt;p&gt;둘&lt;/p&gt;")), mark=mark)
    assert found.marks == ("advertising",)
    assert seen == ["예시군 앞바다에서 지진이 났다 1.\n하나\n둘"]


@pytest.mark.parametrize(
    ("more", "image"),
    [
        (
            '<media:thumbnail url="//cdn.kr/t.png"/><media:content url="/big.jpg" medium="image"/>',
            "https://cdn.kr/t.png",
        ),
        ('<media:group><media:content url="/g.jpg" type="image/jpeg"/></media:group>', "https://news.kr/g.jpg"),
        ('<media:content url="/film.mp4" medium="video"/><enclosure url="/e.webp?x=1"/>', "https://news.kr/e.webp?x=1"),
        ('<enclosure url="/a.mp3" type="audio/mpeg"/>', None),
        ('<media:thumbnail url="data:image/png;base64,AA"/>', None),
        ('<media:thumbnail url="javascript:x"/>', None),
    ],
)
def test_the_picture_is_the_entrys_own_and_an_address(more: str, image: str | None) -> None:
    assert told(rss(item(1).replace("</item>", f"{more}</item>")))[0].image == image


# --- broken documents -----------------------------------------------------------------------------------------------


def test_one_bad_entry_takes_no_other_with_it() -> None:
    feed = rss(
        item(1, "예시군 <b>지진"),
        item(2, "R&D 예시시 & 예시군 태풍&nbsp;&copy;&LT;"),
        item(3, ""),
        item(4, "예시도 <한파>"),
        item(5),
    )
    found = {
        article.id[-1]: article for article in told(feed.replace(' xmlns:media="http://search.yahoo.com/mrss/"', ""))
    }
    assert {name: one.state for name, one in found.items()} == {
        **dict.fromkeys("134", "invalid"),
        **dict.fromkeys("25", "publishable"),
    }
    assert found["2"].title == "R&D 예시시 & 예시군 태풍 ©<"
    assert "XML" in found["1"].problem
    assert found["3"].problem == "title empty"


def test_a_document_cut_short_never_yields_half_a_title() -> None:
    whole = rss(item(1), item(2), item(3, "예시군 지진으로 열 명 사망설은 사실이 아니다"))
    at = whole.index("사실이")
    assert [found.id for found in told(whole[:at])] == ["https://news.kr/1", "https://news.kr/2"]
    for cut in range(whole.index("<item>"), len(whole), 7):
        try:
            found = told(whole[:cut])
        except NotAFeed:
            continue
        assert {one.title for one in found} <= {"예시군 앞바다 지진", "예시군 지진으로 열 명 사망설은 사실이 아니다"}


def test_signs_that_xml_forbids_and_prefixes_nobody_declared_are_survived() -> None:
    odd = item(1, "예시군\x08 지\x0b진\x00").replace("</item>", "<slash:comments>1</slash:comments></item>")
    [found] = told(rss(odd))
    assert (found.title, found.state) == ("예시군 지진", "publishable")
    loose = (ATOM % ("<title>R&D</title>", "")).replace("<feed ", '<feed xml:base="https://cdn.kr/" ')
    [found] = told(loose)
    assert (found.title, found.url, found.state) == ("R&D", "https://cdn.kr/1", "publishable")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"<!doctype html><html><body>Login</body></html>", "HTML page"),
        (b"\xef\xbb\xbf\n<!-- x --><!DOCTYPE html><rss/>", "HTML page"),
        (b"<HTML><body>", "HTML page"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "HTML page"),
        (b"\x89PNG\r\n\x1a\n\x00", "picture"),
        (b"\xff\xd8\xff\xe0", "picture"),
        (b"%PDF-1.7", "another file"),
        (b'{"error": "login"}', "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": {}}', "no JSON Feed"),
        (b"[1]", "no JSON Feed"),
        (b"{" * 100_000, "cannot be read"),
        (b"[" * 100_000, "no JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 90_000, "cannot be read"),
        (b"<opml><body/></opml>", "root is <opml>"),
        (b"<rss", "cannot be read"),
        (b"503 Service Unavailable", "neither XML nor JSON"),
    ],
)
def test_what_is_no_feed_is_called_by_its_name(document: bytes, why: str) -> None:
    with pytest.raises(NotAFeed, match=why):
        told(document)


# --- encodings ------------------------------------------------------------------------------------------------------

KOREAN = rss(item(1, "똠방각하 펲시콜라 예시군 지진"), item(2, "둘째"))  # syllables that EUC-KR does not have


@pytest.mark.parametrize(
    ("said", "header", "name"),
    [
        ("UTF-8", "", "utf-8"),
        ("UTF-8", "", "utf-8-sig"),
        ("EUC-KR", "", "cp949"),
        ("euc-kr", "text/xml; charset=EUC-KR", "cp949"),
        ("ks_c_5601-1987", "", "cp949"),
        ("UTF-8", "", "cp949"),
        ("UTF-8", 'text/xml; charset="utf-8"', "cp949"),
        ("UTF-8", "text/xml; charset=korean", "cp949"),
        ("EUC-KR", "text/xml; charset=euc-kr", "utf-8"),
        ("UTF-8", "text/xml; charset=ISO-8859-1", "utf-8"),
        ("UTF-8", "text/xml; charset=koi8-r", "utf-8"),
        ("UTF-16", "", "utf-16"),
        ("UTF-8", "", "utf-16"),
        ("nonsense", "text/xml; charset=hex", "utf-8"),
        ("rot13", "text/xml; charset=zlib", "cp949"),
    ],
)
def test_korean_is_read_whatever_the_label_says(said: str, header: str, name: str) -> None:
    data = KOREAN.replace('encoding="UTF-8"', f'encoding="{said}"').encode(name)
    assert [found.title for found in told(data, header)] == ["똠방각하 펲시콜라 예시군 지진", "둘째"]


def test_a_letter_cut_in_half_spoils_one_entry_and_not_the_encoding() -> None:
    data = rss(item(1, "예시군 지진"), item(2, "반쪽#"), item(3, description="요약이 잘린#")).encode()
    one, two, three = told(data.replace(b"#", "났".encode()[:2]))
    assert (one.title, three.excerpt) == ("예시군 지진", "요약이 잘린")
    assert (two.state, two.problem) == ("invalid", "its title has bytes of another encoding")


def test_a_western_feed_falls_back_to_windows_1252() -> None:
    assert encoding.decode("Café – naïve".encode("cp1252")) == "Café – naïve"


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("Mon, 01 Jun 2026 10:00:01 KST", "2026-06-01T10:00:01+09:00"),
        ("Mon, 01 Jun 2026 10:00:01 JST", "2026-06-01T10:00:01+09:00"),
        ("Mon, 01 Jun 2026 01:00:01 GMT", "2026-06-01T10:00:01+09:00"),
        ("1 Jun 26 10:00 +0900", "2026-06-01T10:00:00+09:00"),
        ("Mon, 01 Jun 2026 10:00:01 EDT", "2026-06-01T23:00:01+09:00"),
        ("Sun, 22 Nov 2026 15:04:05 GMT+0900 (KST)", "2026-11-22T15:04:05+09:00"),
        ("2026-06-01T10:00:01", "2026-06-01T10:00:01+09:00"),
        ("2026-06-01 10:00:01.5", "2026-06-01T10:00:01+09:00"),
        ("2026-06-01T01:00:01.123456789Z", "2026-06-01T10:00:01+09:00"),
        ("2026년 11월 22일", "2026-11-22"),
        ("2026년 11월 22일 일요일 오후 3:04", "2026-11-22T15:04:00+09:00"),
        ("2026-11-22(일) 오후 3:04", "2026-11-22T15:04:00+09:00"),
        ("2026. 11. 22. 오전 12:05", "2026-11-22T00:05:00+09:00"),
        ("2026.11.22 15시 04분", "2026-11-22T15:04:00+09:00"),
        ("2026/11/22 3:04 PM", "2026-11-22T15:04:00+09:00"),
        ("November 22, 2026 3:04 pm", "2026-11-22T15:04:00+09:00"),
        ("20261122150405", "2026-11-22T15:04:05+09:00"),
        ("1795344989", "2026-11-22T19:56:29+09:00"),
        ("1795344989000", "2026-11-22T19:56:29+09:00"),
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22T00:00:00+09:00", "2026-11-22"),
        ("2026-11-21T15:00:00Z", "2026-11-22"),
        ("Sun, 22 Nov 2026 00:00:00 GMT", "2026-11-22"),
        ("2126-11-22T15:04:05+09:00", "2126-11-22T15:04:05+09:00"),
        *[
            (bad, None)
            for bad in ("", "어제", "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT", "0", "1999-12-31")
        ],
        *[(bad, None) for bad in ("2026-13-01", "2026-11-31", "2026-11-22T25:00:00Z", "2026-11-22T15:04:05+99:00")],
        *[(bad, None) for bad in ("Mon, 01 Jun 2026 10:00:00 XYZT", "Mon, 01 Foo 2026 10:00:00 GMT", "9" * 500)],
    ],
)
def test_dates(text: str, read_as: str | None) -> None:
    found = dates.read(text, SEOUL)
    assert (found.isoformat() if isinstance(found, date | datetime) else None) == read_as
