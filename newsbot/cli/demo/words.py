"""What the demo's screen says, in Korean and English."""

from __future__ import annotations

KOREAN = {
    "title": "newsbot demo: 이 컴퓨터 안의 텔레그램·슬랙 대역입니다. 계정도 토큰도 없이, 밖으로 나가는 것이 없습니다.",
    "packages": "꾸러미",
    "ready": "준비됨",
    "redis": "redis",
    "redis.is": "내장 {version}, 추가 전용 파일 켬",
    "sandbox": "샌드박스",
    "readers": "독자",
    "readers.are": "채팅방 {count}곳이 실제 명령으로 구독함",
    "publish": "발행",
    "written": "{path} 저장함",
    "newest": "{path} 기사를 방금 발행된 것처럼 알림",
    "address": "_config.yml에 url이 없어 링크는 {url}로 만듭니다",
    "again": "다시",
    "again.is": "파일을 건드리고 모두 다시 시작: 두 번 간 알림 {count}건",
    "again.site": "모두 다시 시작: 두 번 간 알림 {count}건",
    "missing": "알림을 받지 못함: {chats}",
    "account": "대상 {audience} = 보냄 {sent} + 실패 {dead} + 건너뜀 {skipped} + 도착 확인 중 {doubt}",
    "received": "채팅방마다 받은 알림",
    "page": "두 플랫폼을 함께 보기: {page}",
    "keys": "p 한 건 더 발행   r 모두 다시 시작   q 끝내기",
    "wait": "끝내려면 Ctrl-C",
    "own": "내 사이트를 보내지 않고 살펴보기:  newsbot preview 폴더나_주소 --summary     실제로 시작하기:  newsbot init",
    "watching": "{folder} 폴더를 지켜봅니다. 새 글을 저장하면 알림이 나갑니다.",
}
ENGLISH = {
    "title": "newsbot demo: Telegram and Slack stand-ins on this machine. No account, no token, nothing leaves it.",
    "packages": "packages",
    "ready": "ready",
    "redis": "redis",
    "redis.is": "embedded {version}, append-only file on",
    "sandbox": "sandbox",
    "readers": "readers",
    "readers.are": "{count} chats subscribed with the real commands",
    "publish": "publish",
    "written": "{path} written",
    "newest": "{path} alerted as if just published",
    "address": "_config.yml has no url: links point to {url}",
    "again": "again",
    "again.is": "file touched, everything restarted: {count} sent twice",
    "again.site": "everything restarted: {count} sent twice",
    "missing": "no alert in: {chats}",
    "account": "audience {audience} = sent {sent} + failed {dead} + skipped {skipped} + in doubt {doubt}",
    "received": "What each chat received",
    "page": "See both platforms: {page}",
    "keys": "p publish another   r restart everything   q quit",
    "wait": "Ctrl-C ends it",
    "own": "Your own site, sending nothing:  newsbot preview PATH_OR_URL --summary     Going live:  newsbot init",
    "watching": "Watching {folder}: save a new post and its alert goes out.",
}


def words(spoken: str) -> dict[str, str]:
    """The screen's words in that language."""
    return KOREAN if spoken == "ko" else ENGLISH
