"""AutoSQL: the grammar of declarations, and what columns they declare.

Source: Kent et al., autoSql.doc; the declarations are those of bigBeds and of BED by name.
"""

from gidx.autosql.grammar import (
    BED_FIELDS,
    INTEGERS,
    KINDS,
    SCALARS,
    SYMBOLIC,
    TYPES,
    WORDS,
    AutoSql,
    Declaration,
    Field,
    bed,
    format,
    from_arrow,
    parse,
)

__all__ = [
    "BED_FIELDS",
    "INTEGERS",
    "KINDS",
    "SCALARS",
    "SYMBOLIC",
    "TYPES",
    "WORDS",
    "AutoSql",
    "Declaration",
    "Field",
    "bed",
    "format",
    "from_arrow",
    "parse",
]
