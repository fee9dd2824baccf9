"""Invented people: names, addresses of the documentation domains and of the documentation networks."""

from __future__ import annotations

from lab.keyspace.draw import Draw

_FIRST = (
    "mira",
    "jonas",
    "ada",
    "ruben",
    "lena",
    "tomas",
    "iris",
    "pavel",
    "nora",
    "emil",
    "sofia",
    "luca",
    "greta",
    "oskar",
    "yara",
    "felix",
    "hanna",
    "milo",
    "vera",
    "anton",
    "selma",
    "david",
    "ines",
    "bruno",
    "clara",
    "noah",
    "edith",
    "kai",
)
_LAST = (
    "holt", "brandt", "okoro", "lindqvist", "moreau", "tanaka", "silva", "kovac", "weiss", "dube", "novak", "ferrari",
    "haas", "ibsen", "jensen", "keller", "lund", "meyer", "nakano", "ortega", "pohl", "quist", "rossi", "santos",
)  # fmt: skip
_DOMAINS = ("example.com", "example.org", "example.net")
_NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0)",
    "",
)


def address(seed: int, kind: str, index: int) -> str:
    """The e-mail address of number INDEX of KIND; no two share one."""
    draw = Draw(seed, f"address.{kind}", index, 12)
    return f"{draw.of(_FIRST)}.{draw.of(_LAST)}.{kind}{index}@{draw.of(_DOMAINS)}"


def network_address(draw: Draw) -> str:
    """Any IP address, one in five of version 6; people share them."""
    if draw.one_in(5):
        return f"2001:db8::{draw.below(65535) + 1:x}"
    return f"{draw.of(_NETWORKS)}{draw.below(254) + 1}"


def own_network_address(index: int) -> str:
    """An IP address that no other INDEX has: the few of version 4 first, without those above .199, the hostile ones."""
    if index < 199 * len(_NETWORKS):
        return f"{_NETWORKS[index % len(_NETWORKS)]}{index // len(_NETWORKS) + 1}"
    high, low = divmod(index, 65536)
    return f"2001:db8:{high + 1:x}::{low + 1:x}"
