"""Which secrets are missing or are placeholders that somebody forgot to replace."""

from __future__ import annotations

import re

SHORTEST = 12
PLACEHOLDER = re.compile(
    r"(change|replace|insert|set|fill|your|my)[-_ ]?(me|it|this|in|here|own|the|secret|password|.*here).*"
    r"|.*(placeholder|changeme|change_me|change-me).*"
    r"|<.*>|\{\{.*|(?P<letter>.)(?P=letter)+|(todo|fixme|tbd|example|secret|password|passwort|postgres|admin|default|none|null)[^a-z]*",
    re.IGNORECASE | re.DOTALL,
)


def unfit_secrets(secrets: dict[str, str | None]) -> list[str]:
    """A sentence for each unfit secret, by the name of its variable; never its value."""
    return [f"{name} {fault}" for name, value in sorted(secrets.items()) if (fault := fault_of(value)) is not None]


def fault_of(value: str | None) -> str | None:
    text = "" if value is None else str(value).strip()
    if not text:
        return "is missing"
    if PLACEHOLDER.fullmatch(text):
        return "is still a placeholder"
    if len(text) < SHORTEST:
        return f"is shorter than {SHORTEST} characters"
    return None


class FilterModule:
    def filters(self) -> dict:
        return {"unfit_secrets": unfit_secrets}
