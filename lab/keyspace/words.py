"""Invented text: 256 words of which a byte picks one, so that text costs little and still compresses like text."""

from __future__ import annotations

_TEXT = """
after again almost along always among anchor answer apple april arrow autumn bakery balance basket beach before behind
bell below bench between bicycle bird blanket blue boat book border bottle branch bread breeze bridge bright broken
brother bucket build button calm candle captain careful castle chair change cheap circle clear climb clock cloud coast
coffee cold color corner cotton count cover crowd current dance danger dark deep distance doctor double draft dream
drift early earth east easy echo eight empty engine evening every fabric factory family farm feather fence field final
finger fire first fish flame flat float floor flower follow forest fresh friend frost fruit garden gentle giant glass
golden grain gravel green ground group guest half hammer handle harbor harvest heavy height hidden hill history hollow
honest honey horizon house hundred idea island jacket journey juice keeper kitchen ladder lamp large late laugh leaf
learn letter level light line little lively local long lower lunch machine maple march market meadow measure metal
middle minute mirror model moment moon morning mountain music narrow nature needle never night north notebook number
ocean orange order outside paper patient pattern pencil pepper people piece pilot planet plenty pocket point
"""
_COMMON = tuple(_TEXT.split())
_RARE = (
    "caf\u00e9",
    "na\u00efve",
    "\u00dcbung",
    "\u015eehir",
    "\u6f6e\u6c50",
    "\u03b8\u03ac\u03bb\u03b1\u03c3\u03c3\u03b1",
    "\U0001f319",
    "\U0001f680",
    "\U0001f468\u200d\U0001f4bb",
    "\u2014",
    "\u2026",
    '"quoted"',
    "back\\slash",
    "50%",
    "#build",
    "@reader",
)
_ENDS = tuple(f"{left}. {right.capitalize()}" for left, right in zip(_COMMON[::7], _COMMON[3::7], strict=False))
_PLAIN = (*_COMMON, *_ENDS, *_COMMON)[:256]
_FANCY = (*_COMMON, *_ENDS, *_COMMON)[: 256 - len(_RARE)] + _RARE


def text(picks: bytes, fancy: bool = False) -> str:
    """One word a byte; FANCY text holds accents, other scripts, emoji, quotes and backslashes now and then."""
    return " ".join(map((_FANCY if fancy else _PLAIN).__getitem__, picks))
