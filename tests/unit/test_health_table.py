"""The page of the checks says what is declared."""

import pytest

from health_table import PAGE, page


def test_the_page_is_as_the_declarations_are():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "Run tests/health_table.py."


@pytest.mark.parametrize(
    "row",
    [
        "| `connections` | Connections in use, of those that roles other than superusers may have (ratio) "
        "| `connections_warning_ratio` 0.8 | `connections_critical_ratio` 0.9 |",
        "| `bloat_critical_ratio` |",
    ],
)
def test_rows_are_as_they_are_read(row):
    assert row in PAGE.read_text(encoding="utf-8")
