"""The keys of the vault, as the environment gives them. Knows nothing of Django: the settings read it."""

import base64
import binascii
import re

KEY_BYTES = 32


def read_keys(text: str) -> dict[str, bytes]:
    """Return the keys of « id:base64,id:base64 », newest first; raise ValueError with a sentence when one is wrong."""
    pairs = [pair.strip().partition(":")[::2] for pair in text.split(",") if pair.strip()]
    keys = {name: _key(name, value) for name, value in pairs}
    if not keys or len(keys) != len(pairs):
        raise ValueError("give at least one key, each with an id of its own")
    return keys


def _key(name: str, value: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name):
        raise ValueError("an id has 1 to 32 letters, digits, - or _")
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"key {name} is not {KEY_BYTES} bytes in base64 (openssl rand -base64 {KEY_BYTES})")
    return key
