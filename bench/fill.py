"""Fills a gateway's SQLite file with copies of its only share, each with a link of its own: fill.py FILE COUNT."""

import base64
import hashlib
import sqlite3
import sys

store = sqlite3.connect(sys.argv[1])
store.execute("PRAGMA synchronous = OFF")
columns = {
    table: [row[1] for row in store.execute(f"PRAGMA table_info({table})")] for table in ("share", "share_item")
}
(only,) = store.execute("SELECT id FROM share")


def copies(table, owner, **changed):
    """The statement that copies the rows of `only`; `changed`: columns and what they become."""
    become = {owner: "?1", **changed}
    values = ", ".join(become.get(column, column) for column in columns[table])
    return f"INSERT INTO {table} ({', '.join(columns[table])}) SELECT {values} FROM {table} WHERE {owner} = '{only[0]}'"


def links():
    for number in range(int(sys.argv[2])):
        token = base64.urlsafe_b64encode(hashlib.sha256(f"share {number}".encode()).digest()[:16]).rstrip(b"=")
        yield f"{number:016x}", hashlib.sha256(token).hexdigest()


store.executemany(copies("share", "id", token_hash="?2"), links())
store.executemany(copies("share_item", "share"), ((id,) for id, _ in links()))
store.commit()
