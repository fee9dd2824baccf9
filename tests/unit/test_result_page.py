"""The pages that are made of results: whole, for people, and free of what a value could bring along."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parents[2] / "roles/result_page/templates"
COUNTS = {"source_rows": 9, "target_rows": 9, "equal": 9, "missing": 0, "differing": 0, "merged": 0, "extra": 0}
HEALTHY = {"healthy": True, "problems": [], "tables": {"users": COUNTS}, "refused": {}, "digest": "9f86d0"}
BROKEN = {
    "healthy": False,
    "problems": ["threads <script>x</script> & co is missing."],
    "tables": {"users": COUNTS, "threads": {**COUNTS, "equal": 7, "missing": 2}},
    "refused": {"<i>thread</i>": 2},
    "digest": "9f86d0",
}
EMPTY = ("meta", "link")


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


def page(content: dict, **facts) -> Page:
    # As Ansible does it: without escaping of its own.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False, trim_blocks=True
    )
    rendered = environment.get_template("validation.html.j2").render(
        result_page_content=content, result_page_facts=facts
    )
    return Page(rendered)


@pytest.mark.parametrize("content", [HEALTHY, BROKEN])
def test_a_page_is_whole(content):
    found = page(content, Source="Redis <redis1>")
    assert found.open == []
    assert "Source Redis <redis1>" in found.text and "9f86d0" in found.text


def test_a_good_result_is_one_sentence():
    found = page(HEALTHY)
    assert "Every record has its equal row: 9 of 9." in found.text
    assert "What is wrong" not in found.text and "None." in found.text


def test_a_bad_result_names_what_is_wrong_and_nothing_of_it_is_markup():
    found = page(BROKEN)
    assert "16 of 18 records have an equal row." in found.text
    assert "threads <script>x</script> & co is missing." in found.text
    assert "<i>thread</i> 2" in found.text
    assert not {"script", "i"} & found.tags
