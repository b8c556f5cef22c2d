"""The result of an import: tables that can be browsed, with versions, columns and the file they came from."""
