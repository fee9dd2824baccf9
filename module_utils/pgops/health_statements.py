"""Statement texts that may be shown: no literal, no comment, no more than a line."""

from __future__ import annotations

import re

MASK = "?"
SHOWN_CHARACTERS = 200

# One alternative a kind of token; the first that matches wins. The server cuts long texts off, so everything that can
# be open at the end (\Z) is masked to the end.
TOKEN = re.compile(
    r"""
    (?P<comment>  --[^\n]* | /\*(?:(?!/\*|\*/).)*(?:\*/|\Z) )
  | (?P<rest>     /\*.* )                                             # nested: its end is not a regular matter
  | (?P<escaped>  [eE]'(?:[^'\\]|\\.|'')*(?:'|\\?\Z) )
  | (?P<string>   (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z) )
  | (?P<dollar>   \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<quoted>   "(?:[^"]|"")*(?:"|\Z) )
  | (?P<word>     [^\W\d][\w$]* | \$\d+ )                             # identifiers, key words, parameters
  | (?P<number>   (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? )
    """,
    re.VERBOSE | re.DOTALL,
)
SETTING = re.compile(r"(^|;)((?:\s*alter\s[^;]*?)?\s*set\s[^;=]*?)(\s*=|\sto\s)[^;]*", re.IGNORECASE)


def masked(text: str) -> str:
    """TEXT with every literal replaced by a question mark, comments left out, on one line."""
    shown, position = [], 0
    for token in TOKEN.finditer(text):
        shown.append(text[position : token.start()])
        position = token.end()
        # With standard_conforming_strings off, \' does not end a literal: nobody knows where this one does.
        if token.lastgroup == "rest" or (token.lastgroup == "string" and "\\'" in token.group()):
            shown.append(MASK)
            position = len(text)
            break
        shown.append(_shown(token))
    shown.append(text[position:])
    line = " ".join("".join(shown).split())
    return SETTING.sub(r"\1\2 = " + MASK, line)  # the value of SET may be a bare word


def _shown(token: re.Match) -> str:
    if token.lastgroup == "comment":
        return " "
    if token.lastgroup in ("quoted", "word"):
        return token.group()
    return MASK


def shortened(text: str, characters: int = SHOWN_CHARACTERS) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"


def presentable(raw: bytes | None) -> str:
    """What may be shown of a statement as the server keeps it: bytes in the encoding of the session's own database."""
    return shortened(masked(bytes(raw or b"").decode("utf-8", errors="replace")))
