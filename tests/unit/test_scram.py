"""Verifiers are the ones that PostgreSQL itself makes."""

import base64

import pytest
from ansible.module_utils.pgops.scram import matches, prepared, verifier

# RFC 7677, section 3: password "pencil", its salt, and the keys that follow from them.
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
PENCIL = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="


def test_a_verifier_is_made_as_the_rfc_says():
    assert verifier("pencil", SALT) == PENCIL


@pytest.mark.parametrize(
    ("password", "stored", "same"),
    [
        pytest.param("pencil", PENCIL, True, id="its-password"),
        pytest.param("Pencil", PENCIL, False, id="another-password"),
        pytest.param("pencil", verifier("pencil", SALT, iterations=5000), True, id="other-iterations"),
        pytest.param("pencil", None, False, id="no-password-stored"),
        pytest.param("pencil", "md559ab1f82624df2b31672ec0f70504601", False, id="md5"),
    ],
)
def test_a_password_matches_only_its_own_verifier(password, stored, same):
    assert matches(password, stored) is same


@pytest.mark.parametrize(
    ("password", "form"),
    [
        pytest.param("plain ASCII", "plain ASCII", id="ascii"),
        pytest.param("I\u00adX", "IX", id="soft-hyphen-vanishes"),
        pytest.param("\u2168", "IX", id="roman-nine"),
        pytest.param("a\u00a0b", "a b", id="no-break-space"),
        pytest.param("bell\u0007", "bell\u0007", id="prohibited-is-used-as-it-is"),
        pytest.param("\u0627" + "1", "\u0627" + "1", id="mixed-directions-are-used-as-they-are"),
    ],
)
def test_passwords_are_prepared_as_libpq_prepares_them(password, form):
    assert prepared(password) == form
