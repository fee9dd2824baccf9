"""Tolerant but exact readers for the values that applications leave in Redis; each raises C(Refusal)."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .errors import PgopsError
from .profile import Refusal, Settings
from .strict_json import SAFE_INTEGER_DIGITS, json_kind

BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
INTEGER_MAX = 2**31 - 1
MAX_EMAIL_CHARACTERS = 254
# As the CHECK constraints of the schema have it.
KEY_BYTES = 1000

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.IGNORECASE | re.ASCII)
INTEGER_TEXT = re.compile(r"-?[0-9]+\Z")
TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
WITH_MICROSECONDS = len("2025-08-02 10:15:00.000000")
PORT = re.compile(r":[0-9]{1,5}\Z")


def _whole(value: object, name: str) -> int:
    """JSON integers, floats with an integral value, and strings of ASCII digits."""
    if isinstance(value, str) and INTEGER_TEXT.match(value):
        if len(value) >= SAFE_INTEGER_DIGITS:
            raise Refusal("out_of_range", f"{name} has {len(value)} digits.")
        value = int(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refusal("wrong_field", f"{name} is {json_kind(value)} that is no whole number.")
    return value


def as_integer(value: object, name: str) -> int:
    """What C(_whole) takes, within bigint."""
    value = _whole(value, name)
    if not BIGINT_MIN <= value <= BIGINT_MAX:
        raise Refusal("out_of_range", f"{name} does not fit into 64 bits.")
    return value


def as_double(value: object, name: str) -> float:
    """JSON numbers and strings of ASCII digits, as far as a double reaches."""
    if not isinstance(value, float) and not (isinstance(value, str) and INTEGER_TEXT.match(value)):
        value = _whole(value, name)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise Refusal("out_of_range", f"{name} is beyond double precision.")
    return number


def as_count(value: object, name: str) -> int:
    number = as_integer(value, name)
    if number < 0:
        raise Refusal("negative", f"{name} is negative: {number}.")
    return number


def as_small_count(value: object, name: str, least: int = 0) -> int:
    """A count for a column of four bytes."""
    number = as_count(value, name)
    if not least <= number <= INTEGER_MAX:
        raise Refusal("out_of_range", f"{name} is {number}; it has to be {least} to {INTEGER_MAX}.")
    return number


def as_boolean(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Refusal("wrong_field", f"{name} is {json_kind(value)} where true or false is expected.")


def as_text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal("wrong_field", f"{name} is {json_kind(value)} where a string is expected.")
    return value


def as_text_within(value: object, name: str, most: int, least: int = 0) -> str:
    """Text of so many characters, as a CHECK constraint counts them."""
    text = as_text(value, name)
    if not least <= len(text) <= most:
        raise Refusal("out_of_range", f"{name} has {len(text)} characters; it has to have {least} to {most}.")
    return text


def as_list(value: object, name: str) -> list:
    if not isinstance(value, list):
        raise Refusal("wrong_field", f"{name} is {json_kind(value)} where an array is expected.")
    return value


def as_object(value: object, name: str) -> dict:
    if not isinstance(value, dict):
        raise Refusal("wrong_field", f"{name} is {json_kind(value)} where an object is expected.")
    return value


def as_key_text(value: object, name: str) -> str:
    """Text that an index has to hold: a B-tree refuses an entry that is a few times longer."""
    text = as_text(value, name)
    size = len(text.encode("utf-8"))
    if size > KEY_BYTES:
        raise Refusal("out_of_range", f"{name} has {size} bytes; at most {KEY_BYTES} fit.")
    return text


def as_texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise Refusal("wrong_field", f"{name} is not an array of strings.")
    return value


def as_email(value: object, name: str = "email") -> str:
    """Trimmed and lower-cased; at most 254 characters with an @, otherwise taken as it is."""
    address = as_text(value, name).strip().lower()
    if not is_email(address):
        raise Refusal("bad_email", f"{name} is no e-mail address of at most {MAX_EMAIL_CHARACTERS} characters.")
    return address


def is_email(text: str) -> bool:
    address = text.strip().lower()
    return "@" in address and len(address) <= MAX_EMAIL_CHARACTERS


def is_uuid(text: str) -> bool:
    """The canonical form 8-4-4-4-12 in any case; no braces, no bare digits."""
    return UUID.match(text) is not None


def as_uuid(value: object, name: str) -> str:
    text = as_text(value, name)
    if not is_uuid(text):
        raise Refusal("bad_uuid", f"{name} is no UUID: {text[:60]!r}.")
    return text.lower()


def as_digest(value: object, name: str) -> str | None:
    """SHA-256 of a secret, hexadecimal: what the application may compare, and nobody can use. An empty one is none."""
    text = as_text(value, name)
    return hashlib.sha256(text.encode("utf-8")).hexdigest() if text else None


@lru_cache(maxsize=8)
def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def settings_for(source_zone: str) -> Settings:
    """The operator's choices, refused here rather than at the first key that needs them."""
    try:
        zone(source_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise PgopsError(
            f"source_zone {source_zone!r} is not in the zone database: use a name such as Europe/Berlin."
        ) from error
    return Settings(source_zone)


def as_timestamp(value: object, name: str, naive_zone: str = "UTC") -> str:
    """ISO 8601 in UTC with six fraction digits; a text without an offset is taken as time in NAIVE_ZONE.

    More than six fraction digits are cut. Second 60, impossible dates and years outside 1 to 9999 are refused.
    """
    text = as_text(value, name)
    if naive_zone == "UTC" and len(text) == WITH_MICROSECONDS and (canonical := _canonical(text)):
        # What applications write nearly always, in less than half the time.
        return canonical + "+00:00"
    match = TIMESTAMP.match(text)
    if match is None:
        raise Refusal("bad_timestamp", f"{name} is no timestamp: {text[:60]!r}.")
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    microsecond = int((match.group(7) or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(
            year, month, day, hour, minute, second, microsecond, tzinfo=_offset(match.group(8), naive_zone)
        )
        return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        raise Refusal("bad_timestamp", f"{name} is no possible time: {text[:60]!r}.") from None


def _canonical(text: str) -> str | None:
    """A possible time as Python writes it, with microseconds and without an offset; None of any other text."""
    try:
        written = datetime.fromisoformat(text).isoformat(timespec="microseconds")
    except ValueError:
        return None
    return written if text in (written, written.replace("T", " ")) else None


def _offset(text: str | None, naive_zone: str):
    if text is None:
        return timezone.utc if naive_zone == "UTC" else zone(naive_zone)
    if text == "Z":
        return timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if text[0] == "-" else delta)


def address_text(text: str) -> str:
    """The canonical text of an address, the same under every Python: newer ones write mapped IPv4 with dots."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return str(address) if mapped is None else f"::ffff:{mapped}"


def as_address(value: object) -> tuple[str | None, str | None]:
    """(canonical address or null, the text where it says more): port and brackets go, a zone or mask is no address."""
    if value is None:
        return None, None
    text = as_text(value, "client_ip").strip()
    if not text:
        return None, None
    bare = text
    if text.startswith("["):
        inside, bracket, port = text[1:].partition("]")
        if bracket and (not port or PORT.fullmatch(port)):
            bare = inside
    elif text.count(":") == 1:
        bare = PORT.sub("", text)
    try:
        if "%" in bare:
            raise ValueError("an address with a zone belongs to one host")
        address = address_text(bare)
    except ValueError:
        return None, text
    return address, (None if address == text else text)
