"""One PostgreSQL database for test after test, emptied in between: making one takes longer than most tests."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

SHAPE = """
select (select array_agg((oid, relname, relnatts, relchecks) order by oid) from pg_class c
        where relnamespace = 'public'::regnamespace)::text,
       (select array_agg(oid order by oid) from pg_trigger where not tgisinternal)::text,
       (select array_agg(oid order by oid) from pg_constraint where connamespace = 'public'::regnamespace)::text,
       (select array_agg((oid, prosrc) order by oid) from pg_proc where pronamespace = 'public'::regnamespace)::text,
       (select array_agg(nspname order by oid) from pg_namespace)::text
"""
"""What the tables are. A test that changes any of it gets its successors a new database."""

TABLES = "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
"""Ours, and the engine's, which are in a schema of their own."""


class KeptDatabase:
    """A copy of a template, whose rows are again those of the template after `restore`."""

    def __init__(self, server: str, template: str, name: str) -> None:
        self._server = server
        self._template = template
        self._name = name
        self.url = sibling(server, name)
        self._make()

    def restore(self) -> None:
        """Cut off whoever is still connected, and leave nothing of what a test wrote."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [self._name]
            )
        with psycopg.connect(self.url) as connection:
            if self._shape(connection) == self._made:
                # Neither triggers nor foreign keys: all tables are emptied.
                connection.execute("set local session_replication_role = replica")
                for table in self._tables:
                    connection.execute(sql.SQL("delete from {}").format(sql.Identifier(*table)))
                for table, rows in self._seeds.items():
                    with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(*table))) as copy:
                        copy.write(rows)
                return
        self._make()

    def _make(self) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            name, template = sql.Identifier(self._name), sql.Identifier(self._template)
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
            connection.execute(sql.SQL("create database {} template {}").format(name, template))
        with psycopg.connect(self.url) as connection:
            self._made = self._shape(connection)
            self._tables = [(row[0], row[1]) for row in connection.execute(TABLES)]
            self._seeds = {table: rows for table in self._tables if (rows := _rows(connection, table))}

    def _shape(self, connection: psycopg.Connection[Any]) -> object:
        return connection.execute(SHAPE).fetchone()


def _rows(connection: psycopg.Connection[Any], table: tuple[str, str]) -> bytes:
    with connection.cursor().copy(sql.SQL("copy {} to stdout").format(sql.Identifier(*table))) as copy:
        return b"".join(copy)


def sibling(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"
