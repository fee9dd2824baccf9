"""The page of the history in a real browser: wide and narrow, light and dark, with nothing, one, few and hundreds of everything."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from browser import started
from lab.host import PROJECT
from plugins.filter import backup_history, result_text, time_plot

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
NARROW, WIDE = 390, 1280
# Boxes of texts in one drawing that lie over one another, or stand out of it; in the page's own pixels, with one of tolerance.
OVERLAPS = """
[...document.querySelectorAll('.plot > svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll('text.tick')].map(one => [one.textContent, one.getBoundingClientRect()]);
  const out = boxes.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1 || b.bottom > frame.bottom + 1);
  const over = boxes.filter(([, a], i) => boxes.some(([, b], j) => i < j && a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 3 && b.top < a.bottom - 3));
  return [...out, ...over].map(([text]) => text);
})
"""
SMALLEST = (
    "Math.min(99, ...[...document.querySelectorAll('.plot text')].map(one => one.getBoundingClientRect().height))"
)
GROUND = "getComputedStyle(document.body).backgroundColor"


def backup(days: float, kind: str = "logical", type_: str = "full", size_bytes: int = 1 << 20) -> dict:
    physical = kind == "physical"
    return {
        "kind": kind,
        "type": type_,
        "name": f"threadr_{type_}_{days:g} <b>",
        "repository": 1 if physical else None,
        "database": None if physical else "threadr",
        "finished_at": (NOW - timedelta(days=days)).isoformat(),
        "duration_s": 4.0 + days % 3,
        "size_bytes": size_bytes,
        "database_size_bytes": size_bytes * 4,
        "present": days < 30,
    }


def drill(days: float, kind: str = "logical", rto_s: float | None = 60.0) -> dict:
    phases = {"fetch_s": 0.1, "restore_s": rto_s and rto_s / 2, "replay_s": None, "verify_s": rto_s and rto_s / 3}
    return {"kind": kind, "backup": "b", "finished_at": (NOW - timedelta(days=days)).isoformat(), "passed": rto_s is not None,
            **phases, "rto_s": rto_s, "rpo_s": rto_s and rto_s * 20, "problems": []}  # fmt: skip


HISTORIES = {
    "nothing": ([], []),
    "one": ([backup(0.3)], [drill(0.2)]),
    "few": (
        [backup(3), backup(1, size_bytes=3 << 20), backup(2, "physical"), backup(1, "physical", "incr", 1 << 12)],
        [drill(40), drill(3, rto_s=None), drill(1, "physical", 20000)],
    ),
    "hundreds": (
        [backup(day / 2, size_bytes=(1000 - day) << 20) for day in range(900, 0, -1)],
        [drill(day, kind, 30 + day * 40) for day in range(400, 0, -1) for kind in ("logical", "physical")],
    ),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with started(tmp_path_factory.mktemp("browser")) as made:
        yield made


def write(folder, name: str):
    backups, drills = HISTORIES[name]
    sentences = [
        {"verdict": verdict, "text": f"{verdict}: " + "a long sentence <i> " * 9} for verdict in ("good", "bad", "open")
    ]
    content = {"unknown": None, "backups": backups, "drills": drills, "verifications": [], "healthy": name != "few",
               "sentences": sentences if drills else [], "limits": {"rto_s": 14400, "rpo_s": 3600}}  # fmt: skip
    loader = FileSystemLoader(PROJECT / "roles/result_page/templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    for plugin in (backup_history, result_text, time_plot):
        environment.filters |= plugin.FilterModule().filters()
    page = folder / f"{name}.html"
    template = environment.get_template("history.html.j2")
    page.write_text(
        template.render(result_page_content=content, result_page_facts={"Database": "pg1"}), encoding="utf-8"
    )
    return page


@pytest.mark.parametrize("name", HISTORIES)
def test_it_can_be_read_at_every_width_and_in_both_themes(browser, tmp_path, name):
    page = write(tmp_path, name)
    grounds = set()
    for width in (WIDE, NARROW):
        for theme in ("light", "dark"):
            browser.open(page, width, theme)
            assert browser.ask("document.documentElement.scrollWidth") <= width
            assert browser.ask(OVERLAPS) == []
            assert browser.ask(SMALLEST) >= 11
            grounds.add(browser.ask(GROUND))
    assert len(grounds) == 2
    assert browser.ask("document.querySelectorAll('.plot').length") == len(
        browser.ask("[...document.querySelectorAll('.plot > svg')]")
    )
    assert browser.complaints == []


def test_the_browser_does_complain(browser, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text("<script>console.error('x'); throw new Error('y')</script><img src='https://127.0.0.1:1/z'>")
    browser.open(page, WIDE, "light")
    assert len(browser.complaints) >= 3
    browser.complaints.clear()
