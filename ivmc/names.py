"""Names that ivmc gives, and how names are written in SQL.

Everything that ivmc keeps lies in the schema `ivmc`; a column that it adds to somebody's columns
carries `PREFIX`. An identifier holds at most 63 bytes: a longer one is cut by `fitted`, never by
PostgreSQL, which would let two of them collide in silence.
"""

from __future__ import annotations

import hashlib

from ivmc.catalog.typmod import quote

SCHEMA = "ivmc"
PREFIX = "__ivmc_"
XID, SEQ, WEIGHT = f"{PREFIX}xid", f"{PREFIX}seq", f"{PREFIX}weight"
OLD, NEW = f"{PREFIX}old", f"{PREFIX}new"
COPY = f"{PREFIX}copy"  # numbers the copies of a row that is stored with its weight
BUFFERS = "changes_"
RUNTIME = frozenset({"view", "frontier", "source", "truncation", "history", "status", "observed", "change"})
LONGEST = 63  # bytes: NAMEDATALEN - 1

identifier = quote


def qualified(schema: str, name: str) -> str:
    """A relation or function with its schema.

    >>> qualified("sales", "Daily totals")
    'sales."Daily totals"'
    """
    return f"{identifier(schema)}.{identifier(name)}"


def literal(text: str) -> str:
    r"""A string constant, whatever `standard_conforming_strings` says.

    >>> print(literal("it's"), literal("a\\b"))
    'it''s' E'a\\b'
    """
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'" if "\\" in text else f"'{escaped}'"


def array(items: tuple[str, ...], element: str = "text") -> str:
    """An array constant of strings.

    >>> array(("a", "it's")), array(())
    ("ARRAY['a', 'it''s']::text[]", "'{}'::text[]")
    """
    inside = ", ".join(literal(i) for i in items)
    return f"ARRAY[{inside}]::{element}[]" if items else f"'{{}}'::{element}[]"


def body(text: str, tag: str = "ivmc") -> str:
    """A dollar-quoted string, under a tag that `text` does not contain.

    >>> body("SELECT $ivmc$", "ivmc")
    '$ivmc_$SELECT $ivmc$$ivmc_$'
    """
    while f"${tag}$" in text:
        tag += "_"
    return f"${tag}${text}${tag}$"


def fitted(name: str, suffix: str = "") -> str:
    """`name + suffix`; where that is too long, a digest of the name replaces the end of the name.

    >>> fitted("daily", "__refresh")
    'daily__refresh'
    >>> fitted("x" * 63, "__refresh")
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_75220b47__refresh'
    """
    room = LONGEST - len(suffix.encode())
    if len(name.encode()) <= room:
        return name + suffix
    digest = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return name.encode()[: room - len(digest)].decode(errors="ignore") + digest + suffix


def view_id(schema: str, name: str) -> str:
    """What a maintained view is called inside the schema `ivmc`.

    >>> view_id("public", "daily"), view_id("sales", "daily"), view_id("public", "history")
    ('daily', 'sales__daily', 'public__history')
    """
    plain = schema == "public" and name not in RUNTIME and not name.startswith(BUFFERS)
    return fitted(name if plain else f"{schema}__{name}")
