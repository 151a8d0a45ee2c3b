"""kramdown's dialect, as kramdown 2.4 itself renders it (the contract tests ask it again where it is installed)."""

from __future__ import annotations

import contextlib
import time

import pytest

from newsbot.sources.jekyll import kramdown
from newsbot.sources.jekyll.text import plain_html

CASES = [
    ("한글 \"따옴표\"와 '작은' 것 -- 그리고... 끝 --- 또", "한글 “따옴표”와 ‘작은’ 것 – 그리고… 끝 — 또"),
    ("it's 'a' \"b\" '90s don't \"'nested'\" (\"p\") “둥근”", "it’s ‘a’ “b” ’90s don’t “‘nested’” (“p”) “둥근”"),
    ("# 제목\n글", "제목 글"),
    ("제목\n===\n글", "제목 글"),
    ("* 차례\n{:toc}\n\n# 가\n## 나", "가 나 가 나"),
    ("1. 하나\n2. 둘\n\n   이어서\n- 셋", "하나 둘 이어서 - 셋"),
    ("2024. 7. 12. 예시군이 밝혔다.", "예시군이 밝혔다."),
    ("**굵은**글 *기울*임 _밑_줄_a_ __b__ *a **b** c* ***abc*** a*b*c", "굵은글 기울임 밑_줄_a b a b c abc abc"),
    ("줄\\\n바꿈  \n둘", "줄 바꿈 둘"),
    ("`code` ``a`b`` ` c `", "code a`b ` c `"),
    ('[링크](https://a.example "t") [x][1] [1] ![그림](a.png) [y](<a b>)\n\n[1]: https://a.example', "링크 x 1 y"),
    ('<p>가<b>나</b> "따옴" &amp; &nbsp;&copy;</p>\n<p>다</p>', '가나 "따옴" & © 다'),
    ('<div markdown="1">\n**a** "b"\n</div>\n\n*c*', "a “b” c"),
    ("| a | b |\n|---|---|\n| 1 | `|` |\n{: .c}", "a b 1 |"),
    (
        "가[^1] 나[^1] 다[^2]\n\n[^1]: 각주 *하나*\n    이어서\n[^2]: 각주 둘",
        "가1 나1 다[^2] 각주 하나 이어서 [^2]: 각주 둘 ↩ ↩2",
    ),
    ("용어\n: 뜻\n: 또 뜻\n\n다음", "용어 뜻 또 뜻 다음"),
    ("$$x^2$$ 그리고 $$ y $$\n\n$$\nz < 1\n$$", "\\(x^2\\) 그리고 \\(y\\) \\[z < 1\\]"),
    ("<!-- 주석 -->글 <!-- 안 --> 끝", "글 끝"),
    ("> 인용\n> 둘\n이어서\n\n끝", "인용 둘 이어서 끝"),
    ("- [ ] 할 일\n- [x] 한 일", "할 일 한 일"),
    ("~~취소~~ ~아님~ \\~", "취소 ~아님~ ~"),
    ('```ruby\nputs "x" # <b>\n```\n\n~~~\ny\n~~~', 'puts "x" # <b> y'),
    ('    code "x"\n\n글', 'code "x" 글'),
    ("&copy; &#39; &foo; &amp; & < > << 가 >>", "© ' &foo; & & < > « 가 »"),
    ("{: .lead}\n글\n{: .x}\n둘 *강*{:.c}", "글 둘 강"),
    ("{::comment}\n숨김\n{:/comment}\n글 {::comment}x{:/} 끝 {::nomarkdown}*x*{:/}", "글 끝 *x*"),
    ("<script>x</script>글<style>y</style>", "글"),
    ("http://a.example <http://a.example/b_c> <a@b.example>", "http://a.example http://a.example/b_c a@b.example"),
    ('\\*별표\\* \\"따옴\\" \\[x\\] \\| 1\\. \\# \\> \\- \\! \\$', '*별표* "따옴" [x] | 1. # > - ! $'),
    ("*[HTML]: Hyper\nHTML 글", "HTML 글"),
    ("- a\n\n- b\n  - c\n    d\n\n      e", "a b c d e"),
    ("<span>a **b**</span> <u>*x*</u> <a href='x'>y</a> <br> <code>*z*</code>", "a b *x* y *z*"),
    ("***\n글\n***", "글 ***"),
    ("#태그 #해시\n#\n##  둘 ##", "#태그 #해시 # 둘"),
    ("[이름] 글 [a] [b](c) [이름](", "[이름] 글 [a] b [이름]("),
    ("<DIV>*x*</DIV>\n<section>*y*</section>\n\n<hr>", "*x* *y*"),
    ('글\n<div>x</div>\n뒤 "q"', "글 x 뒤 “q”"),
    ("a | b\n\n|a|\n\n|-", "a b a |-"),
    ("^\n글\n^\n\n    둘", "글 둘"),
    ("  앞칸 글\n  뒤\n\t탭", "앞칸 글 뒤 탭"),
    ("<ul>\n<li>하나</li>\n<li>둘</li>\n</ul>", "하나 둘"),
    ("<table>\n<tr><td>가</td>\n<td>나</td></tr>\n</table>", "가 나"),
    ("+ 더하기\n+ 둘\n\n* 별\n- 줄", "더하기 둘 별 줄"),
    ("글 {:toc} {% raw %}{{ x }}{% endraw %}", "글 {:toc} {% raw %}{{ x }}{% endraw %}"),
    ("1986\\. 해\n1) 하나", "1986. 해 1) 하나"),
    ("가\n: 나\n\n다\n\n: 라", "가 나 다 라"),
    ("<p>닫히지 않은 *글*", "닫히지 않은 *글*"),
    ("</p>\n글 </b> 뒤", "</p> 글 </b> 뒤"),
    ("[가]: https://a.example\n[가]\n[나][가]", "[가] 나"),
    ("a\xa0b\u3000c\u2028d", "a b c d"),
    ("***굵은 기울임** 뒤* __a_b__ *a _b* c_", "굵은 기울임 뒤 a_b a _b c_"),
]


@pytest.mark.parametrize(("source", "words"), CASES)
def test_words(source: str, words: str) -> None:
    assert plain_html(kramdown.to_html(source)) == words


def test_options_of_a_config() -> None:
    plain = kramdown.Options.of({"smart_quotes": "apos,apos,quot,quot", "gfm_quirks": "no_auto_typographic"})
    assert plain_html(kramdown.to_html("\"가\" 'b' -- ...", plain)) == "\"가\" 'b' -- ..."
    assert kramdown.Options.of(None) == kramdown.Options.of("x") == kramdown.Options()
    assert kramdown.to_html("가\n나", kramdown.Options.of({"hard_wrap": True})) == "<p>가\n나</p>\n"


def test_links_and_images_keep_their_addresses() -> None:
    html = kramdown.to_html('[가](https://a.example/?a=1&b "t") ![나](b.png) <a href="c">다</a> [라]\n\n[라]: d\n')
    assert 'href="https://a.example/?a=1&amp;b"' in html
    assert all(address in html for address in ('src="b.png"', 'href="c"', 'href="d"'))


@pytest.mark.parametrize(
    "source",
    [
        "> " * 5_000 + "가",
        "*" * 20_000,
        "*a " * 6_000,
        "**a *b " * 3_000,
        "[" * 20_000,
        "[a](" * 5_000,
        "<b>" * 6_000,
        "<div>" * 4_000,
        "\"a' " * 5_000,
        "- " * 5_000 + "가",
        "`" * 10_000 + "a",
        "a|" * 10_000,
        "{::comment}" * 1_500,
        "&" * 20_000,
        "$$" * 9_999,
        "1. a\n" * 4_000,
        "[^1]: a\n" * 2_000,
        " " * 20_000 + "a",
        "\n" * 20_000,
        "a: b\n: c\n" * 2_000,
        "<a href='" * 2_000,
        "<!--" * 5_000,
    ],
)
@pytest.mark.slow
def test_no_text_takes_long(source: str) -> None:
    began = time.process_time()
    with contextlib.suppress(kramdown.TooComplex):
        kramdown.to_html(source[:20_000])
    assert time.process_time() - began < 3
