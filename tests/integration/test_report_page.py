"""The report on health in a real browser: wide and narrow, light and dark, from the first one to that of a month."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from browser import started
from lab.host import PROJECT
from plugins.filter import backup_history, health_report, result_text, time_plot
from test_history_page import GROUND, NARROW, OVERLAPS, SMALLEST, WIDE

sys.path.insert(0, str(PROJECT / "tests"))

import module_runner

module_runner.prepare_imports()

from ansible.module_utils.pgops.backup_outlook import Limits, outlook
from ansible.module_utils.pgops.measurement import measurement
from ansible.module_utils.pgops.report import PERIODS, assembled

from health_history import NOW, History, backups, check

WICKED = "<script>console.error('x')</script>"
CUT_OFF = """
[...document.querySelectorAll('body *')].filter(one => !one.closest('.wide, svg') && one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.outerHTML.slice(0, 99))
"""
# Words against their ground, by the formula of WCAG 2.
FAINTEST = """
(() => {
  const parts = text => text.match(/[0-9.]+/g).map(Number);
  const light = rgb => rgb.slice(0, 3).map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = one => { for (; one; one = one.parentElement) { const c = parts(getComputedStyle(one).backgroundColor);
    if (c.length < 4 || c[3] > 0) return light(c); } return 1; };
  return Math.min(...[...document.querySelectorAll('p, li, dt, dd, th, td, code, .tag, figcaption')].map(one => {
    const [a, b] = [light(parts(getComputedStyle(one).color)), ground(one)];
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  }));
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with started(tmp_path_factory.mktemp("browser")) as made:
        yield made


def told(name: str) -> dict:
    days, period = {"first": (0.0, "week"), "day": (3.0, "day"), "week": (10.0, "week"), "month": (40.0, "month")}[name]
    rows, health, usage = History(days).told(measurement)
    begin = NOW - PERIODS[period]
    near = [one for one in rows if one["taken_at"] > begin - timedelta(hours=1)]
    of_host = [one for one in near if one["host"] == "pg1"]
    if name == "day":
        health["pg1"]["verdict"] = "critical"
        health["pg1"]["checks"].append(check(f"disk_{WICKED}", 0.99, "", "critical", finding=WICKED, advice=WICKED))
        usage["statements"][0]["statement"] = usage["tables"][0]["table"] = WICKED
        usage["unknown"] = [f"statements: {WICKED}"]
    kept = backups() if days else {"unknown": None, "backups": [], "drills": [], "verifications": []}
    kept |= outlook(kept, Limits(14400, 3600), NOW.timestamp())
    return assembled(
        near, [of_host[0], of_host[-1]] if of_host else [], "pg1", period, health, usage, kept, "inventories/x"
    )


def write(folder, name: str):
    loader = FileSystemLoader(PROJECT / "roles/result_page/templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    for plugin in (backup_history, health_report, result_text, time_plot):
        environment.filters |= plugin.FilterModule().filters()
    page = folder / f"{name}.html"
    text = environment.get_template("report.html.j2").render(
        result_page_content=told(name), result_page_facts={"Database": f"pg1 {WICKED}"}
    )
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize("name", ["first", "day", "week", "month"])
def test_it_can_be_read_at_every_width_and_in_both_themes(browser, tmp_path, name):
    page = write(tmp_path, name)
    assert page.stat().st_size < 400_000
    grounds = set()
    for width in (WIDE, NARROW):
        for theme in ("light", "dark"):
            browser.open(page, width, theme)
            assert browser.ask("document.documentElement.scrollWidth") <= width
            assert browser.ask(CUT_OFF) == []
            assert browser.ask(OVERLAPS) == []
            assert browser.ask(SMALLEST) >= 11
            assert browser.ask(FAINTEST) >= 4.5
            grounds.add(browser.ask(GROUND))
    assert len(grounds) == 2
    drawn = browser.ask("document.querySelectorAll('.plot > svg').length")
    assert (drawn == 0) if name == "first" else (drawn >= 18)
    assert browser.ask("[...document.querySelectorAll('.plot')].every(one => one.innerText.length > 20)")
    assert browser.ask("document.querySelectorAll('script').length") == 0
    assert browser.complaints == []
