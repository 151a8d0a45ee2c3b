"""N1: what other sites brought to light, built by Jekyll itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract.jekyll_kit import needs_jekyll
from tests.contract.test_jekyll_oracle import agree, bodies, fronts, site

pytestmark = [needs_jekyll, pytest.mark.slow, pytest.mark.timeout(300)]


def test_what_a_config_leaves_out(tmp_path: Path) -> None:
    posts = {f"{folder}/_posts/2024-07-01-a.md": "글\n" for folder in ("rel", "abs", "old", "x/tmp")}
    site(tmp_path, "exclude: [./rel, /abs, old, '**/tmp']\n", dict(posts))
    agree(tmp_path, 1)


def test_an_article_that_is_one_excerpt(tmp_path: Path) -> None:
    """A site that cuts nowhere has whole articles for excerpts, and news can be long."""
    texts = ["예시군이 밝혔다.\n" * 4000, "<p>예시군이 <b>밝혔다</b>.</p>\n\n" * 2000, "예시군 " * 20_000]
    site(tmp_path, "excerpt_separator: <!--more-->\n", bodies(texts))
    agree(tmp_path, len(texts))


def test_the_newest_of_drafts_saved_in_one_second(tmp_path: Path) -> None:
    site(tmp_path, "limit_posts: 2\nshow_drafts: true\n", {f"_drafts/{name}.md": "글\n" for name in "abcd"})
    for name, part in zip("abcd", (9, 2, 5, 1), strict=True):
        os.utime(tmp_path / f"_drafts/{name}.md", ns=(0, 1_720_000_000_000_000_000 + part * 10**8))
    agree(tmp_path, 4)


def test_a_limit_across_a_clock_change(tmp_path: Path) -> None:
    config = "timezone: America/New_York\nlimit_posts: 1\n"
    dates = ["2023-11-05 01:50:00 -0400", "2023-11-05 01:10:00 -0500", "2023-11-05 00:59:00 -0400"]
    site(tmp_path, config, fronts([f"title: t\ndate: {date}" for date in dates]))
    agree(tmp_path, len(dates))
