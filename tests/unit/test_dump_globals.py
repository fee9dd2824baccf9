"""What may not be in a backup of globals: no password, no verifier, wherever somebody has written one."""

import pytest
from ansible.module_utils.pgops.dump_globals import require_no_secret
from ansible.module_utils.pgops.errors import PgopsError


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("ALTER ROLE app WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a:b';", id="verifier"),
        pytest.param("ALTER ROLE app WITH LOGIN PASSWORD 'plain';", id="plain"),
        pytest.param("ALTER ROLE app WITH LOGIN PASSWORD 'md5" + "0a" * 16 + "';", id="md5"),
        pytest.param("COMMENT ON ROLE app IS 'was SCRAM-SHA-256$4096:c2FsdA==$a:b';", id="verifier-in-a-comment"),
        pytest.param("COMMENT ON ROLE app IS 'md5" + "0a" * 16 + "';", id="md5-in-a-comment"),
        pytest.param("COMMENT ON ROLE app IS 'host=db1 password=plain';", id="connection-string"),
        pytest.param("COMMENT ON ROLE app IS 'CREATE ROLE app PASSWORD ''plain''';", id="statement-in-a-comment"),
        pytest.param("ALTER ROLE app SET \"app.api_token\" TO 'plain';", id="setting"),
        pytest.param("ALTER ROLE app SET app.secret TO 'plain';", id="bare-setting"),
    ],
)
def test_what_looks_like_a_password_is_refused_without_being_shown(line):
    with pytest.raises(PgopsError) as refusal:
        require_no_secret(f"CREATE ROLE app;\n{line}\n")
    assert not [word for word in ("plain", "SCRAM", "0a0a") if word in str(refusal.value)]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("ALTER ROLE app SET password_encryption TO 'scram-sha-256';", id="how-they-are-encrypted"),
        pytest.param("COMMENT ON ROLE app IS 'changes its password';", id="the-word"),
        pytest.param("ALTER ROLE app SET search_path TO 'public';", id="another-setting"),
        pytest.param("CREATE ROLE secret;", id="a-name"),
    ],
)
def test_what_is_none_is_not(line):
    require_no_secret(f"CREATE ROLE app;\n{line}\n")
