"""A Jekyll folder as it stands: which of its files are posts, and what happens to those that cannot be read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from newsbot.ports import Source, SourceError
from newsbot.sources.jekyll import read_file, read_folder, watch
from tests.contract.test_jekyll_source import site, source, text, write

__all__ = ["site"]  # a fixture


async def test_it_is_a_source(site: Path) -> None:
    it: Source = source(site)
    assert (it.name, it.kind, list(await it.scan())) == ("예시", "jekyll", [])


async def test_scan_finds_what_jekyll_would(site: Path) -> None:
    for name in (
        *(
            "_posts/2024-07-12-a.md",
            "_posts/sub/2024-07-12-b.markdown",
            "지역/_posts/2024-7-2-c.html",
            "_drafts/idea.md",
        ),
        *("_posts/sub/_x/2024-07-12-d.md",),
        *("_posts/undated.md", "_posts/2024-07-12-e.md~", "_posts/.2024-07-12-f.md.swp", "_posts/2024-07-12-g.md.tmp"),
        *("_posts/_wip/2024-07-12-h.md", "_site/_posts/2024-07-12-i.md", "node_modules/x/_posts/2024-07-12-j.md"),
        *("2024-07-12-page.md", "_posts/2024-07-12-k.png", ".git/_posts/2024-07-12-l.md"),
    ):
        write(site, name)
    found = [(article.path, article.state) for article in await source(site).scan()]
    assert found == [
        ("_drafts/idea.md", "draft"),
        ("_posts/2024-07-12-a.md", "publishable"),
        ("_posts/sub/2024-07-12-b.markdown", "publishable"),
        ("_posts/sub/_x/2024-07-12-d.md", "publishable"),
        ("지역/_posts/2024-7-2-c.html", "publishable"),
    ]


async def test_a_folder_that_is_just_posts(tmp_path: Path) -> None:
    write(tmp_path, "2024-07-12-a.md")
    write(tmp_path, "README.md")
    (article,) = await source(tmp_path).scan()
    assert article.url == "https://news.example/news/2024/07/12/a.html"


async def test_a_posts_folder_by_itself_belongs_to_its_site(site: Path) -> None:
    write(site, "_config.yml", "url: https://own.example\n")
    write(site, "news/_posts/2024-07-12-a.md")
    write(site, "_posts/2024-07-12-b.md")
    (article,) = read_folder(site / "news" / "_posts")
    assert (article.path, article.url) == ("news/_posts/2024-07-12-a.md", "https://own.example/news/2024/07/12/a.html")
    assert read_file(site / "news/_posts/2024-07-12-a.md") == article


async def test_what_cannot_be_read_is_reported_and_stops_nothing(site: Path, tmp_path: Path) -> None:
    write(site, "_posts/2024-07-12-good.md")
    write(site, "_posts/2024-07-12-yaml.md", "---\nother: [a\n---\n")
    (site / "_posts/2024-07-12-bytes.md").write_bytes(b"---\ntitle: \xb1\xe2\n---\n")
    write(site, "_posts/2024-07-12-literal.md", "---\ntitle: [a] b\n---\n")
    (site / "_posts/2024-07-12-large.md").write_bytes(b"x" * (5 << 20))
    os.mkfifo(site / "_posts/2024-07-12-pipe.md")
    write(tmp_path, "secret.md", text("밖"))
    (site / "_posts/2024-07-12-link.md").symlink_to(tmp_path / "secret.md")
    (site / "_posts/2024-07-12-loop.md").symlink_to(site / "_posts/2024-07-12-loop.md")
    (site / "outside").symlink_to(tmp_path)
    found = {article.path: article for article in await source(site).scan()}
    problems = {path: article.problem for path, article in found.items() if article.state == "invalid"}
    assert set(found) - set(problems) == {"_posts/2024-07-12-good.md", "_posts/2024-07-12-literal.md"}
    assert found["_posts/2024-07-12-literal.md"].title == "[a] b"
    assert "not a regular file" in problems["_posts/2024-07-12-pipe.md"]
    assert "link out of" in problems["_posts/2024-07-12-link.md"]
    assert "larger than" in problems["_posts/2024-07-12-large.md"]
    assert all(problem.startswith(f"{path}:") for path, problem in problems.items())
    assert "밖" not in str(found)


async def test_a_link_within_the_folder_is_followed(site: Path) -> None:
    write(site, "_texts/a.md")
    (site / "_posts/2024-07-12-a.md").symlink_to("../_texts/a.md")
    assert [article.state for article in await source(site).scan()] == ["publishable"]


async def test_no_folder_no_scan(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        await source(tmp_path / "none").scan()
    write(tmp_path, "_config.yml", "a: [\n")
    with pytest.raises(SourceError, match=r"_config\.yml:2: "):
        await source(tmp_path).scan()
    with pytest.raises(SourceError, match="no such file"):
        read_file(tmp_path / "none.md")


async def test_a_thousand_posts_in_a_moment_and_nothing_is_written(site: Path) -> None:
    for number in range(1000):
        write(site, f"_posts/2024-07-12-n{number}.md", text(f"제목 {number}"))
    before = {path: path.stat().st_mtime_ns for path in [site, *site.rglob("*")]}
    began = time.perf_counter()
    assert len(await source(site).scan()) == 1000
    assert time.perf_counter() - began < 5
    assert {path: path.stat().st_mtime_ns for path in [site, *site.rglob("*")]} == before


async def test_a_scan_leaves_out_a_file_that_is_being_written(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_SCAN_WAIT", 0.2)
    write(site, "_posts/2024-07-12-a.md")
    with (site / "_posts/2024-07-12-b.md").open("w") as file:
        file.write(text())
        file.flush()
        assert [article.path for article in await source(site).scan()] == ["_posts/2024-07-12-a.md"]
