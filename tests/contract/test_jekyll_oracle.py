"""N1: sites with every quirk we know, built by Jekyll itself; each post must read the same here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.jekyll_kit import compare, needs_jekyll

pytestmark = [needs_jekyll, pytest.mark.slow, pytest.mark.timeout(300)]

TIME = "time: 2024-07-20 12:00:00 +0900\n"


def put(root: Path, name: str, content: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def site(root: Path, config: str, posts: dict[str, str | bytes]) -> None:
    put(root, "_config.yml", TIME + config)
    for name, content in posts.items():
        put(root, name, content)


def fronts(lines: list[str], body: str = "본문이다.\n") -> dict[str, str | bytes]:
    """One post for each front matter."""
    return {f"_posts/2024-07-0{1 + at % 9}-f{at}.md": f"---\n{line}\n---\n{body}" for at, line in enumerate(lines)}


def parts(table: str, between: str = "|") -> list[str]:
    """The cells of a table written in lines."""
    return [cell.strip() for line in table.strip().split("\n") for cell in line.split(between)]


def bodies(texts: list[str], extension: str = "md") -> dict[str, str | bytes]:
    return {
        f"_posts/2024-07-0{1 + at % 9}-b{at}.{extension}": f"---\ntitle: 글 {at}\n---\n{text}"
        for at, text in enumerate(texts)
    }


def agree(root: Path, least: int) -> None:
    count, found = compare(root)
    assert count >= least
    assert found == {}


TITLES = r"""
제목|"따옴표 제목"|'작은 제목'|한글 -- "인용"|10:30|1,000|1.10|2024|2024-07-12|2024-07-12 10:00:00|yes|null|~||true
[가, 나]|[1, two, 3.0]|{a: b}|"  공백  "|&amp; 엔티티 &copy;|<b>굵</b>|"**별표**"|1e3|1.0e+20|0x1F|017|0b11|1_000|3.0|1.|.5
+5|-0|12e03|!!str 5|0.00001|123456789012345678|"😀 이모지"|제목 # 주석|제목#아님|"a: b"|It's 제목|0.1|1.5e-7|on|Off
"""
DATES = """
2024-07-12|2024-07-12 10:00:00|2024-07-12 10:00:00 +0900|"2024-07-12 10:00:00"|2024-07-12T10:00:00Z|20240712
2024-07-12T23:30:00-05:00|2024-07-12 10:00|"July 12, 2024"|2024/07/12|"12 Jul 2024 10:00 GMT"|2024-07-20 12:00:00 +0900
2024-07-20 12:00:01 +0900|2024-07-20|2024-07-21|"2024-07-12 3:30 PM"|2024-07-12 10:00 +0300|2024-7-2|2024-02-30
2024-07-12 24:00:00|"2024. 7. 12."|"Fri, 12 Jul 2024 10:00:30 KST"|2024-07-12 1:02:03|"12.7.2024"|"20240712T103000"
"""
CATEGORIES = """
News|News 지역|[News, 지역]|["두 낱말", News]||[]|[a, [b, c]]|[1, 2]|[a, null]|[true, x]|"News,지역"|[News, news, NEWS]
[a/b, "c d"]|2024|{a: b}|"  "|[2024-07-12]|[1.5]|~|"한글 (가)!"|["C#", "A&B", "?q"]
"""
EXCERPTS = """
요약|"요약 **굵게** <b>b</b> &amp;"|""|false|~|[a, 1]|{a: b}|5|"{{ page.title }}"|2024-07-12|1.50|true|"a < b"
"""
OTHERS = [
    *("published: false", "published: no", "published:", 'published: "false"', "published: 0", "draft: true"),
    *("slug: other", 'slug: "한글 Slug!"', 'slug: ""', "slug: a.b", "slug: ~", "layout: none", "category: 두 낱말"),
    *("category: [a, b]", "category: a\ncategories: b c", "tag: a b", "tags: a b", "tags: [1, [b, c]]"),
    *("permalink: /x/:title/", "permalink: /fixed.html", "permalink: fixed/", "permalink: pretty", 'permalink: ""'),
    *("permalink: /a b/한글/", "permalink: /q?x=1", 'permalink: "/%ED%95%9C/:title"', "permalink: /../x/./y//z"),
    *("permalink: /:categories/:title.txt", 'excerpt_separator: ""', "excerpt_separator: ~", "excerpt_separator: 다."),
    *(
        "title: >\n  접은\n  제목",
        "title: |\n  줄\n  제목",
        "excerpt: |\n  줄 하나\n  줄 둘",
        "render_with_liquid: false",
    ),
    *("title: [이름] 제목", "title: 속보: 제목", 'title: "짝 없는', "title: @골뱅이", "title: *별표", "title: :기호"),
    *("title: %퍼센트", "title: `백틱`", "title: '그는 '네' 했다'", "title:\t탭", "a: &x 1\ntitle: 앵커\nb: *x"),
    *("<<: {title: 합친 제목}", "title: 첫째\ntitle: 둘째", "title: !ruby/object:Object {}", "'title': 따옴표 열쇠"),
]


def test_front_matter(tmp_path: Path) -> None:
    lines = [f"title: {title}" for title in parts(TITLES)]
    lines += [f"title: t\ndate: {date}" for date in parts(DATES)]
    lines += [f"title: t\ncategories: {one}" for one in parts(CATEGORIES)] + [
        f"title: t\ntags: {one}" for one in parts(CATEGORIES)
    ]
    lines += [f"title: t\nexcerpt: {one}" for one in parts(EXCERPTS)] + [
        line if "title" in line else f"title: t\n{line}" for line in OTHERS
    ]
    site(tmp_path, "url: https://news.example\nbaseurl: /b\n", fronts(lines, "첫째 {{ 1 }}\n\n둘째\n"))
    agree(tmp_path, 150)


MARKDOWN = [
    "한글 \"따옴표\"와 '작은' 것 -- 그리고... 끝 --- 또",
    "it's 'a' \"b\" '90s don't \"'nested'\" (\"p\") “둥근”",
    "# 제목\n글",
    "제목\n===\n글",
    "* 차례\n{:toc}\n\n# 가\n## 나",
    "1. 하나\n2. 둘\n\n   이어서\n- 셋",
    "2024. 7. 12. 예시군이 밝혔다.",
    "**굵은**글 *기울*임 _밑_줄_a_ __b__ *a **b** c* ***abc*** a*b*c",
    "줄\\\n바꿈  \n둘",
    "`code` ``a`b`` ` c `",
    '[링크](https://a.example "t") [x][1] [1] ![그림](a.png) [y](<a b>)\n\n[1]: https://a.example',
    '<p>가<b>나</b> "따옴" &amp; &nbsp;&copy;</p>\n<p>다</p>',
    '<div markdown="1">\n**a** "b"\n</div>\n\n*c*',
    "| a | b |\n|---|---|\n| 1 | `|` |\n{: .c}",
    "가[^1] 나[^1] 다[^2]\n\n[^1]: 각주 *하나*\n    이어서\n[^2]: 각주 둘",
    "용어\n: 뜻\n: 또 뜻\n\n다음",
    "$$x^2$$ 그리고 $$ y $$\n\n$$\nz < 1\n$$",
    "<!-- 주석 -->글 <!-- 안 --> 끝",
    "> 인용\n> 둘\n이어서\n\n끝",
    "- [ ] 할 일\n- [x] 한 일",
    "~~취소~~ ~아님~ \\~",
    '```ruby\nputs "x" # <b>\n```\n\n~~~\ny\n~~~',
    '    code "x"\n\n글',
    "&copy; &#39; &foo; &amp; & < > << 가 >>",
    "{: .lead}\n글\n{: .x}\n둘 *강*{:.c}",
    "{::comment}\n숨김\n{:/comment}\n글 {::comment}x{:/} 끝 {::nomarkdown}*x*{:/}",
    "<script>x</script>글<style>y</style>",
    "http://a.example <http://a.example/b_c> <a@b.example>",
    '\\*별표\\* \\"따옴\\" \\[x\\] \\| 1\\. \\# \\> \\- \\! \\$',
    "*[HTML]: Hyper\nHTML 글",
    "- a\n\n- b\n  - c\n    d\n\n      e",
    "<span>a **b**</span> <u>*x*</u> <a href='x'>y</a> <br> <code>*z*</code>",
    "***\n글\n***",
    "#태그 #해시\n#\n##  둘 ##",
    "[이름] 글 [a] [b](c) [이름](",
    "<DIV>*x*</DIV>\n<section>*y*</section>\n\n<hr>",
    '글\n<div>x</div>\n뒤 "q"',
    "a | b\n\n|a|\n\n|-",
    "^\n글\n^\n\n    둘",
    "  앞칸 글\n  뒤\n\t탭",
    "<ul>\n<li>하나</li>\n<li>둘</li>\n</ul>",
    "<table>\n<tr><td>가</td>\n<td>나</td></tr>\n</table>",
    "+ 더하기\n+ 둘\n\n* 별\n- 줄",
    "글 {:toc} {% raw %}{{ x }}{% endraw %}",
    "1986\\. 해\n1) 하나",
    "가\n: 나\n\n다\n\n: 라",
    "<p>닫히지 않은 *글*",
    "</p>\n글 </b> 뒤",
    "[가]: https://a.example\n[가]\n[나][가]",
    "a\u00a0b\u3000c\u2028d",
    "***굵은 기울임** 뒤* __a_b__ *a _b* c_",
]


@pytest.mark.parametrize(
    "options",
    [
        "",
        "kramdown: {hard_wrap: true}\n",
        "kramdown: {smart_quotes: [apos, apos, quot, quot], gfm_quirks: [no_auto_typographic]}\n",
        "kramdown: {input: kramdown, parse_block_html: true, math_engine: null}\n",
        'kramdown: {footnote_backlink: "", typographic_symbols: {hellip: ..., mdash: "--"}}\n',
    ],
)
def test_whole_texts(tmp_path: Path, options: str) -> None:
    site(tmp_path, f"excerpt_separator: '<!--never-->'\n{options}", bodies(MARKDOWN))
    agree(tmp_path, len(MARKDOWN))


def test_excerpts_of_bodies(tmp_path: Path) -> None:
    texts = [f"{text}\n\n다음 문단 [1]\n\n[1]: https://a.example\n[^1]: 각주\n" for text in MARKDOWN]
    texts += ["", "\n\n\n", "한 줄", "앞\n<!--more-->\n뒤", "첫\n \n둘", "{% if true %}\n\n안{% endif %}\n\n뒤"]
    html = bodies(["<p>가<b>나</b></p>\n\n<p>*다*</p>", "글 'q'\n\n둘", "<br>&amp;가\n\n나"], "html")
    site(tmp_path, "url: https://news.example\n", bodies(texts) | html)
    agree(tmp_path, len(MARKDOWN) + 9)


LIQUID = r"""
{{ page.title }} ¦ {{ site.title }} {{ site.nope }} ¦ {{ page.date | date: "%Y년 %-m월 %-d일 %H:%M" }} ¦ {{ page.date }}
{% if page.title == "t" %}같음{% else %}다름{% endif %} ¦ {% raw %}{{ x }}{% endraw %} ¦ {{ "A b!" | slugify }}
{{ page.categories | join: ", " }} ¦ {% assign x = "값" %}{{ x }} ¦ {% for i in (1..3) %}{{ i }} {% endfor %}
{% comment %}숨김{% endcomment %}끝 ¦ {{ page.url | absolute_url }} ¦ {{ page.url | relative_url }} ¦ {{ page.nothing }}
{% capture y %}**굵**{% endcapture %}{{ y }} ¦ {{ "**a**" | markdownify }} ¦ {{ page.date | date_to_string }}
{{ page.date | date_to_long_string: "ordinal", "US" }} ¦ {{ page.date | date_to_xmlschema }} ¦ {{ page.tags | size }}
{% include a.html x="1" y=page.title %}
{{ "x" | nofilter }} ¦ {% highlight ruby %}puts "1 < 2"{% endhighlight %}
{% highlight ruby linenos %}a = 1{% endhighlight %} ¦ {{ site.x | default: "기본" }}
{% unless page.x %}없다{% endunless %} ¦ {{ page.ext }}
{{ 3 | times: 2 }} {{ 5 | divided_by: 2 }} {{ 5.0 | divided_by: 2 }} ¦ {{ page.id }} ¦ {{ page.path }} {{ page.name }}
{{ page.collection }} {{ page.slug }} {{ page.draft }} ¦ {{ site.time | date: "%F" }} ¦ {{ page.title | jsonify }}
{{- " x " -}} 뒤 ¦ {{ page.title | upcase | append: "!" }} ¦ {% case page.title %}{% when "t" %}A{% else %}B{% endcase %}
{{ "a,b" | split: "," | last }} ¦ {{ page.excerpt }}끝 ¦ {{ "<b>x</b>" | strip_html }} ¦ {{ page.title | escape }}
{% cycle "a", "b" %} ¦ {{ page.content | size }} ¦ {{ site.data.x.y }} ¦ {{ site.posts.size }} ¦ {{ page.categories }}
{% post_url 2024-07-01-b0 %} ¦ [글]({% post_url 2024-07-01-b0 %}) ¦ {% link _posts/2024-07-01-b0.md %} ¦ {{ page.layout }}
{% if page.tags contains "a" %}a{% endif %}끝 ¦ {{ "2024-07-12" | date: "%A %e" }} ¦ {{ site.baseurl }}{{ site.url }}
{{ site.categories.c1 | size }} ¦ {{ "a b" | cgi_escape }} ¦ {{ "a  b" | normalize_whitespace }}
{{ "가 나" | number_of_words }} ¦ {{ page.title | size }}
{% assign p = site.posts | where: "slug", "b0" | first %}{{ p.title }} ¦ {{ page.categories | array_to_sentence_string }}
{{ "가 <나>" | xml_escape }} ¦ {{ "12" | to_integer | plus: 1 }} ¦ {{ page.next.title }} {{ page.previous.title }}
{% assign q = site.posts | where_exp: "p", "p.title == 't'" %}{{ q | size }} ¦ {{ page.title | smartify }}
{{ "2024-07-12T10:00:00Z" | date: "%H:%M %z" }} ¦ {{ site.collections[0].label }} ¦ {{ site.data.x | inspect }} ¦ {{ 1 | sum }}
{{ "Äß 가" | slugify: "latin" }} ¦ {{ site.related_posts.size }}
{% assign f = site.posts | find_exp: "p", "p.slug == 'b0'" %}{{ f.title }}
{{ page.tags | push: "b" | join: "-" }} ¦ {{ page.date | date_to_rfc822 }} ¦ {{ "<p>가</p>" | strip_html | size }}
"""


def test_liquid(tmp_path: Path) -> None:
    posts = bodies(["기본"])
    posts |= {
        f"_posts/2024-07-1{at % 9}-q{at}.md": f"---\ntitle: t\ncategories: [c1, 둘]\ntags: [a]\n---\n앞 {text} 뒤\n\n둘째\n"
        for at, text in enumerate(parts(LIQUID, "¦"))
    }
    site(tmp_path, "url: https://news.example\nbaseurl: /b\ntitle: 예시\n", posts)
    put(tmp_path, "_includes/a.html", "포함 {{ include.x }} {{ include.y }} {{ page.title }}")
    put(tmp_path, "_data/x.yml", "y: 자료\n")
    agree(tmp_path, 60)


NAMES = """
p1.md 글-2.md A-B-c3.md 한글제목(4)!.md x.y.5.md under_6.md 7.md e\u0301-8.md \u1112\u1161\u11ab-9.md p10..md “q”-11.md
a--12.md -13.md 100%-14.md a+b=15.md [x]16.md ~t17.md a,b;18.md p19.markdown p20.MD p21.html p22.htm p23.txt p24.textile
p25.mkd p26.xml p27.bak
"""


@pytest.mark.parametrize(
    "permalink",
    [
        *("date", "pretty", "ordinal", "weekdate", "none", "/:year-:month-:day-:slug/", "/news/:title"),
        *("/:slugified_categories/:short_year/:i_month/:i_day/:name:output_ext", "/:path:output_ext", "한글/:title/"),
        "/:collection/:long_month/:short_month/:long_day/:w_year/:week/:w_day/:short_day/:hour:minute:second/:y_day/:title",
    ],
)
def test_names_and_permalinks(tmp_path: Path, permalink: str) -> None:
    posts: dict[str, str | bytes] = {
        f"{folder}/2024-{7 - at % 2}-{1 + at % 9}-{name}": "---\ncategories: 지역 News\n---\n본문\n"
        for at, name in enumerate(NAMES.split())
        for folder in ("_posts", "정치/Sub/_posts")
    }
    posts["_posts/nodate.md"] = posts["_posts/sub/deep/2024-07-01-s.md"] = "---\ntitle: t\n---\n본문\n"
    posts["_posts/_wip/2024-07-01-w.md"] = posts["_posts/24-7-1-two.md"] = "본문\n"
    site(
        tmp_path,
        f'url: https://News.example/\nbaseurl: "b/"\npermalink: "{permalink}"\ntimezone: America/New_York\n',
        posts,
    )
    agree(tmp_path, 2 * len(NAMES.split()))


DEFAULTS = """
defaults:
  - scope: {path: ""}
    values: {title: 기본 제목, categories: [모두], image: {path: a.png, alt: 그림}, excerpt_separator: "<!--more-->"}
  - scope: {path: "", type: posts}
    values: {title: 글 제목, categories: 글 하나}
  - scope: {path: 정치, type: post}
    values: {categories: [정치면], tags: [t], published: true}
  - scope: {path: "_posts/sub"}
    values: {published: false}
  - scope: {path: "*/_posts", type: pages}
    values: {published: false}
  - scope: {path: "**/deep"}
    values: {permalink: "/deep/:title/", slug: ds}
  - scope: {path: "경제/_posts/2024-07-02"}
    values: {date: "2024-07-05 10:00", excerpt: 기본 요약, render_with_liquid: false}
  - {scope: {path: 정치, type: drafts}, values: {title: 초안}}
"""
PLACES = [
    "_posts",
    "_posts/sub",
    "_posts/sub/deep",
    "정치/_posts",
    "경제/_posts",
    "a/b/_posts",
    "_drafts",
    "skip/_posts",
]
CONTENTS = [
    "---\n---\n첫 {{ 1 }}\n\n둘\n<!--more-->\n셋\n",
    "---\ntitle: 제 제목\ncategories: 모두 둘\npublished: true\n---\n글\n",
    "---\ntitle:\ncategories:\nslug:\n---\n글\n",
    "---\ntitle: [깨진] 글\n---\n글\n",
    "그냥 글\n\n둘\n",
]


@pytest.mark.parametrize(
    "config",
    [
        DEFAULTS,
        DEFAULTS + "show_drafts: true\nfuture: true\nunpublished: true\nexclude: [skip, '*deep*']\n",
        "exclude: ['_posts/sub', '정치/']\ninclude: [skip]\nlimit_posts: 12\n",
        "collections_dir: col\n" + DEFAULTS,
        "collections: {posts: {permalink: '/own/:title'}, other: {output: true}}\ncollections_dir: ''\n",
    ],
)
def test_defaults_and_places(tmp_path: Path, config: str) -> None:
    top = "col/" if "collections_dir: col" in config else ""
    posts: dict[str, str | bytes] = {
        f"{top}{place}/2024-07-0{1 + at}-p{at}.md": content for place in PLACES for at, content in enumerate(CONTENTS)
    }
    posts |= {
        "outside/_posts/2024-07-01-o.md": "글\n",
        "_other/2024-07-01-x.md": "---\n---\n글\n",
        "_drafts/idea.md": "글\n",
    }
    site(tmp_path, "url: https://news.example\n" + config, posts)
    agree(tmp_path, 20)


def test_bytes(tmp_path: Path) -> None:
    text = '---\ntitle: 제목\ncategories: News 지역\n---\n\n첫 "문단"\n이어서\n\n둘째 문단\n'
    posts: dict[str, str | bytes] = {
        "_posts/2024-07-01-lf.md": text,
        "_posts/2024-07-01-crlf.md": text.replace("\n", "\r\n"),
        "_posts/2024-07-01-bom.md": b"\xef\xbb\xbf" + text.encode(),
        "_posts/2024-07-01-both.md": b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        "_posts/2024-07-01-broken.md": text.encode() + b"\xff",
        "_posts/2024-07-01-cr.md": text.replace("\n", "\r"),
        "_posts/2024-07-01-empty.md": b"",
        "_posts/2024-07-01-blank.md": b"\n\n",
        "_posts/2024-07-01-dots.md": text.replace("---\n\n", "...\n\n"),
        "_posts/2024-07-01-spaces.md": text.replace("---\n", "---  \n"),
        "_posts/2024-07-01-plain.md": "--- \n제목 없는 가로줄\n",
    }
    site(tmp_path, "url: https://news.example\n", posts)
    agree(tmp_path, len(posts))


@pytest.mark.parametrize("encoding", ["euc-kr", "cp949"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = '---\ntitle: 예시군 소식\ncategories: 지역\n---\n\n첫 "문단"이다.\n\n둘째\n'
    posts: dict[str, str | bytes] = {
        "_posts/2024-07-01-old.md": text.encode(encoding),
        "_posts/2024-07-02-crlf.md": text.replace("\n", "\r\n").encode(encoding),
        "_posts/2024-07-03-utf8.html": "---\ntitle: ascii\n---\nplain\n",
    }
    site(tmp_path, f"encoding: {encoding}\nurl: https://news.example\n", posts)
    agree(tmp_path, len(posts))


def test_a_config_in_toml(tmp_path: Path) -> None:
    config = 'url = "https://news.example"\nbaseurl = "/t"\npermalink = "pretty"\ntime = "2024-07-20 12:00:00 +0900"\n'
    put(
        tmp_path,
        "_config.toml",
        config + '[[defaults]]\n[defaults.scope]\npath = ""\n[defaults.values]\ntags = ["a"]\n',
    )
    for name, content in fronts(["title: t\ncategories: News"]).items():
        put(tmp_path, name, content)
    agree(tmp_path, 1)


def test_a_clock_that_changes(tmp_path: Path) -> None:
    dates = [
        "2024-03-10 02:30",
        "2024-03-10 03:30",
        "2023-11-05 01:30",
        "2023-11-05 00:30:00 -0500",
        "2024-07-04 12:00",
    ]
    config = "timezone: America/New_York\npermalink: /:year/:month/:day/:hour:minute/:title\n"
    site(tmp_path, config, fronts([f'title: t\ndate: "{date}"' for date in dates]))
    agree(tmp_path, len(dates))
