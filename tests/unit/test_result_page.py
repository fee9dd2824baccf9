"""The pages that are made of results: whole, for people, and free of what a value could bring along."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible.module_utils.pgops.backup_outlook import Limits, outlook
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugins.filter import backup_history, result_text, time_plot
from test_backup_outlook import LIMITS, NOW, drilled, made, read, told

TEMPLATES = Path(__file__).resolve().parents[2] / "roles/result_page/templates"
COUNTS = {
    "source_rows": 9, "target_rows": 9, "equal": 9, "missing": 0, "differing": 0, "merged": 0, "extra": 0, "excused": 0,
}  # fmt: skip
HEALTHY = {
    "healthy": True,
    "problems": [],
    "tables": {"users": COUNTS},
    "refused": {},
    "excused": {},
    "digest": "9f86d0",
}
BROKEN = {
    "healthy": False,
    "problems": ["threads <script>x</script> & co is missing."],
    "tables": {"users": COUNTS, "threads": {**COUNTS, "equal": 7, "missing": 2}},
    "refused": {"<i>thread</i>": 2},
    "excused": {"orphan": 1},
    "digest": "9f86d0",
}
# With nothing between them.
EMPTY = ("meta", "link")
FILTERS = (backup_history, result_text, time_plot)


class Page(HTMLParser):
    """Text and tags; raises for a tag that is closed and was not opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def rendered(content: dict, template: str = "validation", **facts) -> str:
    # As Ansible does it: without escaping of its own.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False, trim_blocks=True
    )
    for plugin in FILTERS:
        environment.filters |= plugin.FilterModule().filters()
    return environment.get_template(f"{template}.html.j2").render(result_page_content=content, result_page_facts=facts)


def page(content: dict, **facts) -> Page:
    return Page(rendered(content, **facts))


@pytest.mark.parametrize("content", [HEALTHY, BROKEN])
def test_a_page_is_whole(content):
    found = page(content, Source="Redis <redis1>")
    assert found.open == []
    assert "Source Redis <redis1>" in found.text and "9f86d0" in found.text


def test_a_good_result_is_one_sentence():
    found = page(HEALTHY)
    assert "Every record has its equal row: 9 of 9." in found.text
    assert "What is wrong" not in found.text and "None." in found.text


def test_a_good_result_does_not_hide_what_is_in_the_quarantine():
    found = page({**HEALTHY, "refused": {"thread": 2}, "excused": {"orphan": 3}})
    assert "Every record has its equal row, 9 of 9, or is in the quarantine with its reason: 5." in found.text
    assert "thread 2" in found.text and "orphan 3" in found.text


def test_a_bad_result_names_what_is_wrong_and_nothing_of_it_is_markup():
    found = page(BROKEN)
    assert "16 of 18 records have an equal row." in found.text
    assert "threads <script>x</script> & co is missing." in found.text
    assert "<i>thread</i> 2" in found.text and "orphan 1" in found.text
    assert "So are all others." not in found.text
    assert not {"script", "i"} & found.tags


WICKED = "<script>x</script>"


def phases(**changes) -> dict:
    return drilled(**{"fetch_s": 0.1, "restore_s": 40.0, "replay_s": None, "verify_s": 19.9, **changes})


def history(limits: Limits = LIMITS, **changes) -> dict:
    found = told(**changes)
    return {**found, **outlook(found, limits, NOW)}


PHYSICAL = {"kind": "physical", "repository": 1, "database": None}
FULL_HISTORY = history(
    backups=[made(9, present=False), made(1), made(2, **PHYSICAL), made(1, type="incr", name=WICKED, **PHYSICAL)],
    drills=[phases(days_ago=2, passed=False, problems=[WICKED], rto_s=None, rpo_s=None, backup=None), phases()],
    verifications=[read()],
)


@pytest.mark.parametrize(
    ("content", "sentences", "plots"),
    [
        pytest.param(history(), ["No drill is known of.", "There are no backups and no drills yet."], 0, id="nothing"),
        pytest.param(FULL_HISTORY, ["A restore as it has to be is not proven.", "No physical backup was ever restored in a drill.",
                                    "Physical backups in repository 1",
                                    "Dumps of shop", "All physical backups were read to their end 1 d ago: 3, all good."], 6, id="all-kinds"),
        pytest.param(history(drills=[phases()]), ["The last drills restored what they had to, in time."], 2, id="in-time"),
        pytest.param(history(backups=[made()], unknown=WICKED), ["What is gone already, and the drills, cannot be told: " + WICKED], 2, id="unknown"),
    ],
)  # fmt: skip
def test_a_history_is_whole_and_nothing_of_it_is_markup(content, sentences, plots):
    text = rendered(content, "history", Database=WICKED)
    found = Page(text)
    assert found.open == []
    assert "script" not in found.tags and WICKED in found.text
    assert all(sentence in found.text for sentence in sentences)
    assert text.count('<figure class="plot">') == plots


def test_a_history_needs_nothing_but_itself():
    text = rendered(FULL_HISTORY, "history")
    assert not {"link", "img", "script", "iframe"} & Page(text).tags
    assert "http" not in text and "url(" not in text and "@import" not in text


def test_a_history_has_its_numbers_in_tables_too():
    text = Page(rendered(FULL_HISTORY, "history")).text
    assert "b9 full shop 1.0 KiB 8.0 KiB 4.0 s gone" in text
    assert "none failed 0.1 s 40.0 s - 19.9 s - -" in text
