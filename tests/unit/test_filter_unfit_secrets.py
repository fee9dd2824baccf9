"""What counts as a secret that was never set."""

import secrets
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plugins.filter.unfit_secrets import unfit_secrets

EXAMPLE = Path(__file__).resolve().parents[2] / "inventories/production/group_vars/all/secrets.yml.example"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        pytest.param(None, "is missing", id="none"),
        pytest.param("", "is missing", id="empty"),
        pytest.param("   ", "is missing", id="spaces"),
        pytest.param("CHANGE_ME", "is still a placeholder", id="change-me"),
        pytest.param("change-me-please-now", "is still a placeholder", id="change-me-longer"),
        pytest.param("<your password here>", "is still a placeholder", id="angle-brackets"),
        pytest.param("your_secure_password_here", "is still a placeholder", id="your"),
        pytest.param("my_placeholder_value", "is still a placeholder", id="placeholder"),
        pytest.param("{{ vault_password }}", "is still a placeholder", id="unrendered"),
        pytest.param("xxxxxxxxxxxxxxxx", "is still a placeholder", id="one-letter"),
        pytest.param("password123456", "is still a placeholder", id="password-and-digits"),
        pytest.param("TODO", "is still a placeholder", id="todo"),
        pytest.param("kV7-q0Zt84k", "is shorter than 12 characters", id="short"),
        pytest.param("kV7-q0Zt84kP", None, id="long-enough"),
        pytest.param("correct horse battery staple", None, id="passphrase"),
    ],
)
def test_the_fault_of_a_secret(value, fault):
    assert unfit_secrets({"app_password": value}) == ([] if fault is None else [f"app_password {fault}"])


def test_the_values_of_the_example_are_refused():
    example = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert unfit_secrets(example) == [f"{name} is still a placeholder" for name in sorted(example)]


@given(st.integers(12, 40))
def test_generated_secrets_are_fit(length):
    assert unfit_secrets({"a": secrets.token_urlsafe(length), "b": secrets.token_hex(length)}) == []


@given(st.text(min_size=1))
def test_no_sentence_repeats_the_value(value):
    assert all(sentence.startswith("name is ") and len(sentence) < 40 for sentence in unfit_secrets({"name": value}))
