"""AutoSQL: the grammar of declarations, and what columns they declare.

Source: Kent et al., autoSql.doc; the declarations are those of bigBeds and of BED by name.
What `gidx.autosql.grammar` has beside the names here is for the package itself.
"""

from gidx.autosql.grammar import (
    BED_FIELDS,
    SCALARS,
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
    "SCALARS",
    "AutoSql",
    "Declaration",
    "Field",
    "bed",
    "format",
    "from_arrow",
    "parse",
]
