"""The page of the checks says what is declared."""

from health_table import PAGE, page


def test_the_page_is_as_the_declarations_are():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "Run tests/health_table.py."


def test_a_row_is_as_it_is_read():
    text = PAGE.read_text(encoding="utf-8")
    assert "| `connections_warning_ratio` 0.8 | `connections_critical_ratio` 0.9 |" in text
    assert "| `bloat_warning_ratio` 0.5 | `bloat_critical_ratio` |" in text
