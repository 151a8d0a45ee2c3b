"""A made-up newsroom's archive in the shape of a real one: dates without a time, one banner on most posts, a category of
advertising, titles that are no YAML, twins on one day, no wire tags. Seeded; every word is our own.

    python -m tests.archive FOLDER [POSTS] [SEED]
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

START = date(2025, 1, 6)
A_DAY = 122  # median of posts
BANNER = "/assets/img/example-banner.jpg"

PLACES = ("예시군", "가람시", "나루읍", "다솜구", "마루면", "바다섬", "새길동", "아침골", "한빛시", "푸른도")
WHO = (
    "군청",
    "시민회",
    "어민들",
    "학부모회",
    "상인회",
    "연구소",
    "봉사단",
    "이장단",
    "동아리",
    "마을회",
    "누리집",
    "기념관",
)
WHAT = (
    *("새 다리 점검표", "나들이 일정", "개울가 돌보기", "낡은 창고 자리", "마을 쉼터", "우물 둘레", "텃밭 나눔"),
    *("지진 대비 물품", "야구장 조명", "백신 보관함", "北 접경 길", "골목 가로등", "책 읽는 모임", "별 보기 행사"),
    *("자전거 길", "장터 지붕", "산책로 안내판", "꽃밭 가꾸기", "나룻배 손질", "돌담 쌓기", "그늘막 자리", "등대 계단"),
)
DEED = ("내놓다", "마무리", "다시 손본다", "한 달 앞당겨", "주민과 정했다", "둘러보니", "이렇게 바뀐다", "첫 공개")
TAIL = ("주민 모임 뒷이야기", "무엇이 달라지나", "세 가지만 보면", "알아 둘 것", "현장에서 들었다", "한눈에 보기")
OTHERS = (
    "정치",
    "경제",
    "사회",
    "문화",
    "스포츠",
    "Travel",
    "Food",
    "Car",
    "Health",
    "IT",
    "Local",
    "People",
    "Notice",
)
OUTSIDE = ("지난 1일", "이번 주", "새해 들어", "지난달 말", "어제 오후")
FORMAL = ("정했습니다.", "밝혔습니다.", "마쳤습니다.", "나누었습니다.", "살폈습니다.")
PLAIN = ("정했다.", "밝혔다.", "마쳤다.", "나누었다.", "살폈다.")
CREDIT = (
    "<p>예시청의 자료는 「공공누리 제{type}유형」의 조건에 따라 이용할 수 있습니다. <span>자료출처=예시청 https://www.example.go.kr"
    "</span></p>\n"
)
HELP_LINE = "<p>도움이 필요하면 자살예방상담전화 109에서 이야기를 들어 줍니다.</p>\n"
AFFILIATE = "<p>이 글은 제휴 활동의 하나로, 글쓴이가 일정액의 수수료를 받을 수 있습니다.</p>\n"


@dataclass(frozen=True)
class Made:
    """One post: its file's name and its text."""

    name: str
    text: str


def write(folder: Path, posts: int = 10_000, seed: int = 1) -> Path:
    """A site of so many posts in this folder, with a `_config.yml`; the folder."""
    (folder / "_posts").mkdir(parents=True)
    (folder / "_config.yml").write_text(
        "url: https://news.example.kr\ntitle: 예시뉴스\ntimezone: Asia/Seoul\n", "utf-8"
    )
    for made in archive(posts, seed):
        (folder / "_posts" / made.name).write_text(made.text, "utf-8")
    return folder


def archive(posts: int, seed: int) -> Iterator[Made]:
    """The posts, day by day: 122 on most days, few on Sundays, thrice as many now and then."""
    lots = random.Random(seed)
    number, day = 0, START
    while number < posts:
        amount = A_DAY + lots.randint(-30, 35)
        amount = {6: amount // 2}.get(day.weekday(), amount) * (3 if lots.random() < 0.01 else 1)
        before = ""
        for _ in range(min(amount, posts - number)):
            number += 1
            twin = before and lots.random() < 0.08
            title = f"{before.rstrip('!')} 정리" if twin else headline(lots)
            before = title
            yield post(lots, number, day, title)
        day += timedelta(days=1)


def headline(lots: random.Random) -> str:
    """Some 26 characters."""
    words = [lots.choice(PLACES), lots.choice(WHO), lots.choice(WHAT), lots.choice(DEED)]
    words += [lots.choice(TAIL)] if lots.random() < 0.4 else []
    words += [lots.choice(OUTSIDE), lots.choice(TAIL)] if lots.random() < 0.02 else []
    if lots.random() < 0.55:
        words[lots.randrange(2, len(words))] += "!"
    return " ".join(words)


def post(lots: random.Random, number: int, day: date, title: str) -> Made:
    """One post with that title."""
    draw = lots.random()
    hotel, category = draw < 0.11, "Hotel" if draw < 0.11 else "News" if draw < 0.69 else lots.choice(OTHERS)
    if hotel:
        title = f"{lots.choice(PLACES)} 바닷가 호텔 {lots.choice(('모음', '추천', '할인'))}! {lots.choice(TAIL)}"
    endings = FORMAL if lots.random() < 0.5 else PLAIN
    told = " ".join(sentence(lots, endings) for _ in range(3))
    if (odd := lots.random()) < 0.015:
        told = f"가람시장 후보 여론조사에서 한 후보가 41%를 얻었다. {told}"
    image = BANNER if lots.random() < 0.85 else f"/assets/img/{lots.choice(('walk', number, number))}.jpg"
    body = "".join(
        f'<p data-ke-size="size16">{sentence(lots, endings)} {sentence(lots, endings)}</p>\n' for _ in range(9)
    )
    licence = lots.random()
    foot = AFFILIATE if hotel and lots.random() < 0.9 else HELP_LINE if 0.015 < odd < 0.021 else ""
    foot += CREDIT.format(type=1) if licence < 0.006 else CREDIT.format(type=4) if licence < 0.007 else ""
    lines = [
        f"title: {stated(lots, title)}",
        f"categories:\n  - {category}",
        f"excerpt: >\n  {told}",
        f"feature_text: >\n  ## 예시뉴스 알림판\n\n  {told}",
        f"image: '{image}'",
    ]
    text = "---\n" + "\n".join(lines) + f'\n---\n\n<p><img src="{image}" alt="예시뉴스" /></p>\n{body}<hr>\n{foot}'
    return Made(f"{day.isoformat()}-post-{number:05}.md", text)


def stated(lots: random.Random, title: str) -> str:
    """The title as somebody types it: here and there with a label or a colon, which YAML does not take for text."""
    draw = lots.random()
    return (
        f"[{lots.choice(('축제', '포토에세이'))}] {title}"
        if draw < 0.003
        else f"현장: {title}"
        if draw < 0.0045
        else title
    )


def sentence(lots: random.Random, endings: tuple[str, ...]) -> str:
    """Some 45 characters."""
    where, who = lots.choice(PLACES), lots.choice(WHO)
    return (
        f"{lots.choice(OUTSIDE)} {where} {who}에서는 {lots.choice(WHAT)}의 다음 순서를 함께 모여 {lots.choice(endings)}"
    )


if __name__ == "__main__":
    given = sys.argv[1:]
    write(Path(given[0]), *map(int, given[1:]))
