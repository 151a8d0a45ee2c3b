"""Wire tags: every row of the table, in every form of bracket."""

from __future__ import annotations

import unicodedata

import pytest

from newsbot.core import lineage
from newsbot.core.model import Urgency

B, N = Urgency.BREAKING, Urgency.NORMAL
BRACKETS = ["[]", "［］", "【】", "〔〕", "<>", "()", "（）", "＜＞", "〈〉"]
HEADLINE = "예시군 앞바다 규모 5.1 지진"

# tag, canonical label, urgency, silent, nature, needs target, advertising, kill
TABLE = [
    ("긴급", "긴급", B, False, "", False, False, False),
    ("긴급속보", "긴급", B, False, "", False, False, False),
    ("속보", "속보", B, False, "", False, False, False),
    ("1보", "1보", B, False, "", False, False, False),
    ("2보", "2보", None, True, "", False, False, False),
    ("13보", "13보", None, True, "", False, False, False),
    ("후속", "후속", None, True, "", False, False, False),
    ("상보", "상보", N, True, "", False, False, False),
    ("종합", "종합", N, True, "", False, False, False),
    ("종합2보", "종합2보", N, True, "", False, False, False),
    ("단독", "단독", None, False, "exclusive", False, False, False),
    ("정정", "정정", None, False, "", True, False, False),
    ("바로잡습니다", "정정", None, False, "", True, False, False),
    ("고침", "정정", None, False, "", True, False, False),
    ("수정", "정정", None, False, "", True, False, False),
    ("정정보도", "정정보도", None, False, "", True, False, False),
    ("반론보도", "반론보도", None, False, "", True, False, False),
    ("추후보도", "추후보도", None, False, "", True, False, False),
    ("전문취소", "전문취소", None, False, "", True, False, True),
    ("기사취소", "기사취소", None, False, "", True, False, True),
    ("철회", "철회", None, False, "", True, False, True),
    ("포토", "포토", N, False, "photo", False, False, False),
    ("영상", "영상", N, False, "video", False, False, False),
    ("그래픽", "그래픽", N, False, "graphic", False, False, False),
    ("사설", "사설", N, False, "opinion", False, False, False),
    ("칼럼", "칼럼", N, False, "opinion", False, False, False),
    ("인터뷰", "인터뷰", N, False, "interview", False, False, False),
    ("르포", "르포", N, False, "reportage", False, False, False),
    ("부고", "부고", N, False, "obituary", False, False, False),
    ("인사", "인사", N, False, "appointments", False, False, False),
    ("동정", "동정", N, False, "notices", False, False, False),
    ("게시판", "게시판", N, False, "notices", False, False, False),
    ("광고", "광고", None, False, "", False, True, False),
    ("AD", "광고", None, False, "", False, True, False),
    ("협찬", "광고", None, False, "", False, True, False),
    ("２보", "2보", None, True, "", False, False, False),
    ("ＡＤ", "광고", None, False, "", False, True, False),
    (unicodedata.normalize("NFD", "속보"), "속보", B, False, "", False, False, False),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_every_tag_means_what_the_table_says(row: tuple[object, ...]) -> None:
    tag, label, *meaning = row
    for left, right in BRACKETS:
        for inside in (str(tag), f" {' '.join(str(tag))} "):
            for gap in ("", " "):
                read = lineage.read(f"{left}{inside}{right}{gap}{HEADLINE}")
                found = [read.urgency, read.silent, read.nature, read.needs_target, read.advertising, read.kill]
                assert (read.labels, read.headline, found) == ((label,), HEADLINE, meaning)


def test_no_tag_alone_makes_a_flash() -> None:
    for tag in ("[긴급]", "[긴급][속보]", "FLASH:", "(URGENT)"):
        assert lineage.read(f"{tag} {HEADLINE}").urgency is B


@pytest.mark.parametrize(
    ("title", "labels", "headline"),
    [
        ("[속보] [단독] 제목", ("속보", "단독"), "제목"),
        ("【단독】［속보］제목", ("단독", "속보"), "제목"),
        ("[속보·단독] 제목", ("속보", "단독"), "제목"),
        ("[속보][속보] 제목", ("속보",), "제목"),
        ("[올림픽] 제목", (), "[올림픽] 제목"),
        ("[속보] [올림픽] 제목", ("속보",), "[올림픽] 제목"),
        ("[올림픽] [속보] 제목", (), "[올림픽] [속보] 제목"),
        ("[속보·올림픽] 제목", (), "[속보·올림픽] 제목"),
        ("제목 [속보]", (), "제목 [속보]"),
        ("제목(종합2보)", (), "제목(종합2보)"),
        ("[0보] 제목", (), "[0보] 제목"),
        ("[속보 제목", (), "[속보 제목"),
        ("[속보)제목", (), "[속보)제목"),
        ("속보 제목", (), "속보 제목"),
        ("[] 제목", (), "[] 제목"),
        ("[속보]", ("속보",), ""),
        ("\u200b [속\u200b보]\n제목", ("속보",), "제목"),
        ("", (), ""),
        ("BREAKING: Quake off Yesi", ("속보",), "Quake off Yesi"),
        ("Breaking news: Quake", ("속보",), "Quake"),
        ("FLASH: Quake", ("긴급",), "Quake"),
        ("UPDATE 2: Quake", ("2보",), "Quake"),
        ("UPDATE 3-Quake", ("3보",), "Quake"),
        ("(2nd LD) Quake", ("2보",), "Quake"),
        ("UPDATE 1: Quake", ("후속",), "Quake"),
        ("(1st LD) Quake", ("후속",), "Quake"),
        ("[사진] 제목", (), "[사진] 제목"),
        ("《속보》 제목", (), "《속보》 제목"),
        ("[ 속 보 ] 【 단독 】 (종합 2보) 제목", ("속보", "단독", "종합2보"), "제목"),
        ("WITHDRAWN - Quake", (), "WITHDRAWN - Quake"),
        ("(LEAD) Quake", ("후속",), "Quake"),
        ("UPDATE: Quake", ("후속",), "Quake"),
        ("EXCLUSIVE: Deal", ("단독",), "Deal"),
        ("BREAKING: EXCLUSIVE: Deal", ("속보", "단독"), "Deal"),
        ("CORRECTION: Deal", ("정정",), "Deal"),
        ("WITHDRAWN: Deal", ("철회",), "Deal"),
        ("[Sponsored] Deal", ("광고",), "Deal"),
        ("Video: a film", (), "Video: a film"),
        ("NATO: a summit", (), "NATO: a summit"),
        ("Update on the storm", (), "Update on the storm"),
    ],
)
def test_titles(title: str, labels: tuple[str, ...], headline: str) -> None:
    read = lineage.read(title)
    assert (read.labels, read.headline) == (labels, headline)


def test_several_tags_take_the_loudest_and_every_demand() -> None:
    read = lineage.read("[종합][속보][정정][광고] 제목")
    assert (read.urgency, read.silent, read.needs_target, read.advertising) == (B, True, True, True)


def test_a_title_of_tags_only_is_not_eaten_for_ever() -> None:
    assert lineage.read("[속보]" * 50).headline.startswith("[속보]")


@pytest.mark.parametrize(
    ("title", "continues", "number", "voice"),
    [
        ("[긴급] 제목", False, 0, "긴급"),
        ("[긴급][속보] 제목", False, 0, "긴급"),
        ("[속보] 제목", True, 0, "속보"),
        ("[1보] 제목", True, 1, "1보"),
        ("[2보] 제목", True, 2, ""),
        ("[상보] 제목", True, 0, "상보"),
        ("[종합] 제목", True, 0, "종합"),
        ("[종합3보] 제목", True, 3, "종합3보"),
        ("[단독][속보] 제목", True, 0, "속보"),
        ("[단독] 제목", False, 0, ""),
        ("[정정] 제목", False, 0, ""),
        ("[포토] 제목", False, 0, "포토"),
        ("제목", False, 0, ""),
        ("UPDATE 3: Quake", True, 3, ""),
    ],
)
def test_what_may_continue_an_earlier_piece(title: str, continues: bool, number: int, voice: str) -> None:
    read = lineage.read(title)
    assert (read.continues, read.number, read.voice) == (continues, number, voice)
