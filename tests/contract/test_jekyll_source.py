"""A Jekyll folder as a source, with real files: what is scanned, what is told when it changes, and what never is."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsbot.core.model import Article
from newsbot.ports import SourceError
from newsbot.sources.jekyll import JekyllSource, settle, watch

NOW = datetime(2024, 7, 20, 3, 0, tzinfo=UTC)
DEADLINE = 10.0


def text(title: str = "예시군 앞바다 지진", body: str = "본문이다.") -> str:
    return f"---\ntitle: {title}\ncategories: News\n---\n\n{body}\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site" / "_posts").mkdir(parents=True)
    return tmp_path / "site"


def source(folder: Path) -> JekyllSource:
    return JekyllSource("예시", folder, url="https://news.example", now=lambda: NOW)


def write(folder: Path, name: str, content: str | None = None) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if content is not None else text(), newline="")
    return path


def replace(path: Path, content: str) -> None:
    """As an editor saves: beside, then renamed into place."""
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_text(content)
    beside.replace(path)


class Told:
    """What a source tells, one article at a time."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[float, Article]] = asyncio.Queue()

    async def next(self) -> Article:
        return (await self.timed())[1]

    async def timed(self) -> tuple[float, Article]:
        return await asyncio.wait_for(self.queue.get(), DEADLINE)

    @property
    def nothing(self) -> bool:
        return self.queue.empty()


@asynccontextmanager
async def watching(folder: Path, *, scan: bool = True) -> AsyncIterator[Told]:
    """A source at work on the folder; entered once it has shown that it hears."""
    told, it = Told(), source(folder)
    if scan and folder.is_dir():
        await it.scan()

    async def run() -> None:
        async for articles in it.changes():
            for article in articles:
                told.queue.put_nowait((time.perf_counter(), article))

    task = asyncio.create_task(run())
    try:
        if folder.is_dir():
            await hears(folder, told)
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def hears(folder: Path, told: Told, name: str = "2024-07-01-probe.md") -> list[str]:
    """Write a probe and wait until it is told; the titles told before it."""
    probe = folder / "_posts" if (folder / "_posts").is_dir() else folder
    replace(probe / name, text(f"probe {time.perf_counter_ns()}"))
    before: list[str] = []
    while not (article := await told.next()).title.startswith("probe"):
        before.append(article.title)
    return before


async def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end, "waited too long"
        await asyncio.sleep(0.01)


async def test_a_new_file_is_told_at_once(site: Path) -> None:
    async with watching(site) as told:
        for name, put in (("plain", Path.write_text), ("renamed", replace)):
            began = time.perf_counter()
            put(site / f"_posts/2024-07-12-{name}.md", text(name))
            at, article = await told.timed()
            assert (article.title, article.state) == (name, "publishable")
            assert at - began < 1.0  # measured: 55 ms; a busy machine is given room


async def test_an_edit_is_told_a_touch_is_not(site: Path) -> None:
    path = write(site, "_posts/2024-07-12-a.md")
    async with watching(site) as told:
        os.utime(path)
        path.chmod(0o640)
        replace(path, path.read_text())
        assert await hears(site, told) == []
        replace(path, text("고친 제목"))
        assert (await told.next()).title == "고친 제목"
        path.unlink()
        assert await hears(site, told) == []


@pytest.mark.slow
async def test_a_file_in_somebodys_hands_is_not_read(site: Path) -> None:
    async with watching(site) as told:
        with (site / "_posts/2024-07-12-slow.md").open("w") as file:
            for piece in ("---\ntitle: 느린", " 글\n---\n", "\n첫 문단", " 이어서\n\n"):
                file.write(piece)
                file.flush()
                await asyncio.sleep(0.25)  # far longer than QUIET: it is the open file that holds us back
            assert told.nothing
        article = await told.next()
        assert (article.title, article.excerpt, article.state) == ("느린 글", "첫 문단 이어서", "publishable")
        assert await hears(site, told) == []


@pytest.mark.slow
async def test_a_file_appended_to_in_pieces_is_told_whole(site: Path) -> None:
    path = site / "_posts/2024-07-12-pieces.md"
    async with watching(site) as told:
        for piece in ("---\ntitle: 조각", "난 글\n---\n", "\n본문", "이다.\n"):
            with path.open("a") as file:
                file.write(piece)
            await asyncio.sleep(0.3)
        article = await told.next()
        assert (article.title, article.excerpt) == ("조각난 글", "본문이다.")
        assert told.nothing


@pytest.mark.slow
async def test_without_leases_silence_decides(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "open_writers", lambda path: "unknown")
    async with watching(site) as told:
        with (site / "_posts/2024-07-12-slow.md").open("w") as file:
            for piece in (text("느린 글", "첫"), " 둘", " 셋\n"):
                file.write(piece)
                file.flush()
                await asyncio.sleep(0.15)
        assert (await told.next()).excerpt == "첫 둘 셋"
        assert told.nothing


@pytest.mark.slow
async def test_front_matter_that_never_ends_is_reported_in_the_end(site: Path) -> None:
    async with watching(site) as told:
        write(site, "_posts/2024-07-12-open.md", "---\ntitle: 끝이 없다\n")
        article = await told.next()
        assert (article.state, "never closed" in article.problem) == ("invalid", True)


async def test_a_file_that_never_settles_holds_up_nobody(
    site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settle, "GIVE_UP", 0.3)
    async with watching(site) as told:
        with (site / "_posts/2024-07-12-held.md").open("w") as file:
            file.write(text("들고 있는 글"))
            file.flush()
            assert await hears(site, told) == []
            await until(lambda: "still being written" in caplog.text)
        replace(site / "_posts/2024-07-12-held.md", text("놓은 글"))
        assert (await told.next()).title == "놓은 글"


async def test_windows_files_read_the_same(site: Path) -> None:
    async with watching(site) as told:
        write(site, "_posts/2024-07-12-crlf.md", "\ufeff" + text().replace("\n", "\r\n"))
        article = await told.next()
        assert (article.title, article.excerpt) == ("예시군 앞바다 지진", "본문이다.")


async def test_only_posts_are_told(site: Path) -> None:
    async with watching(site) as told:
        write(site, "_site/2024/07/12/a.html")
        write(site, "assets/2024-07-12-b.md")
        write(site, "_posts/2024-07-12-c.md.tmp")
        os.mkfifo(site / "_posts/2024-07-12-pipe.txt")
        write(site, "_drafts/idea.md", text("초고"))
        assert (await told.next()).state == "draft"
        assert await hears(site, told) == []


async def test_new_folders_and_many_files_at_once(site: Path, tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path, f"ready/_posts/2024-07-12-m{number}.md", text(f"모음 {number}"))
    async with watching(site) as told:
        (tmp_path / "ready").rename(site / "지역")
        titles = {(await told.next()).title for _ in range(300)}
        assert titles == {f"모음 {number}" for number in range(300)}
        write(site, "_posts/new/2024-07-12-n.md", text("새 폴더"))
        assert (await told.next()).title == "새 폴더"
        assert told.nothing


async def test_what_changed_between_scan_and_watch_is_told(site: Path) -> None:
    it = source(site)
    await it.scan()
    write(site, "_posts/2024-07-12-between.md", text("그 사이"))
    changes = it.changes()
    assert [article.title for article in await asyncio.wait_for(anext(changes), DEADLINE)] == ["그 사이"]
    await changes.aclose()  # type: ignore[attr-defined]


async def test_a_post_is_told_when_its_hour_has_come(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RECHECK", 0.05)
    hours = iter([NOW, NOW.replace(hour=5)])
    it = JekyllSource("예시", site, url="https://news.example", now=lambda: next(hours))
    write(site, "_posts/2024-07-20-later.md", "---\ntitle: 나중\ndate: 2024-07-20 13:00:00 +0900\n---\n본문이다.\n")
    assert [article.state for article in await it.scan()] == ["future"]
    changes = it.changes()
    told = await asyncio.wait_for(anext(changes), DEADLINE)
    assert [(article.title, article.state) for article in told] == [("나중", "publishable")]
    await changes.aclose()  # type: ignore[attr-defined]


@pytest.mark.slow
async def test_a_folder_that_goes_away_ends_the_watch_and_a_new_one_goes_on(site: Path) -> None:
    write(site, "_posts/2024-07-12-a.md")
    it = source(site)
    await it.scan()
    site.rename(site.with_name("away"))
    with pytest.raises(SourceError, match="no such folder"):
        await asyncio.wait_for(anext(it.changes()), DEADLINE)
    with pytest.raises(SourceError, match="no such folder"):
        await it.scan()
    write(site.with_name("away"), "_posts/2024-07-12-b.md", text("떠나 있을 때"))
    site.with_name("away").rename(site)
    changes = it.changes()
    told = await asyncio.wait_for(anext(changes), DEADLINE)
    assert [article.title for article in told] == ["떠나 있을 때"]
    await changes.aclose()  # type: ignore[attr-defined]


@pytest.mark.slow
async def test_a_folder_that_is_away_while_watched(site: Path) -> None:
    it = source(site)
    await it.scan()
    ended: asyncio.Task[object] = asyncio.ensure_future(anext(it.changes()))
    await asyncio.sleep(0.1)
    began = time.perf_counter()
    site.rename(site.with_name("away"))
    with pytest.raises(SourceError, match="no such folder"):
        await asyncio.wait_for(ended, DEADLINE)
    assert 0.9 < time.perf_counter() - began < 4.0


@pytest.mark.slow
async def test_a_folder_that_was_never_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        await asyncio.wait_for(anext(source(tmp_path / "site").changes()), DEADLINE)


@pytest.mark.slow
async def test_a_file_that_is_still_empty_is_not_told_as_news(site: Path) -> None:
    """Jekyll would publish it under its file name; while somebody watches, its words come with the next change."""
    async with watching(site) as told:
        write(site, "_posts/2024-07-12-empty.md", "")
        article = await told.next()
        assert (article.state, article.problem.endswith("the file is empty")) == ("invalid", True)
        replace(site / "_posts/2024-07-12-empty.md", text("이제 있다"))
        assert (await told.next()).title == "이제 있다"


@pytest.mark.slow
async def test_a_release_swapped_in_by_a_link(tmp_path: Path) -> None:
    write(tmp_path, "one/_posts/2024-07-12-a.md", text("하나"))
    write(tmp_path, "two/_posts/2024-07-12-b.md", text("둘"))
    (tmp_path / "site").symlink_to("one")
    async with watching(tmp_path / "site") as told:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(tmp_path / "site")
        assert (await told.next()).title == "둘"


async def test_a_config_that_breaks_is_reported_and_survived(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with watching(site) as told:
        write(site, "_config.yml", "a: [\n")
        write(site, "_posts/2024-07-12-a.md", text("기다린 글"))
        await until(lambda: "_config.yml:2:" in caplog.text)
        assert told.nothing
        write(site, "_config.yml", "title: 예시\n")
        assert (await told.next()).publisher == "예시"


async def test_where_the_system_cannot_watch_it_looks_itself(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> AsyncIterator[set[tuple[object, str]]]:
        raise OSError("no space left on device (inotify watches)")
        yield set()

    monkeypatch.setattr(watch, "awatch", broken)
    monkeypatch.setattr(watch, "_BLIND", 0.1)
    async with watching(site) as told:
        write(site, "_posts/2024-07-12-a.md", text("그래도"))
        assert (await told.next()).title == "그래도"
