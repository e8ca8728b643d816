"""AutoSQL ⇄ Arrow: laws over generated declarations, UCSC's own files, and the errors.

The files are those of ``$GIDX_CORPUS/autosql``; their tests are skipped where that
is unset. The grammar's facts are those of asParse.c and tokenizer.c in kent.
"""

from __future__ import annotations

import os
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gidx import autosql
from gidx.autosql import BED_FIELDS, AutoSql, Declaration, Field, bed, from_arrow, parse
from gidx.autosql.grammar import bed_declared
from gidx.errors import AutoSqlError

# ── declarations of every type ──────────────────────────────────────────────────────────────────

INTEGERS = ["int", "uint", "short", "ushort", "byte", "ubyte", "bigint"]
PLAIN = [*INTEGERS, "float", "double", "char", "string", "lstring", "enum", "set"]

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
comments = st.text(
    st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20
)
tricky = st.text(st.sampled_from("\"'\\;()# a,[]"), max_size=12)
texts = comments | tricky
indexes = st.sampled_from([None, None, "primary", "unique", "index", "index[12]", "unique[3]"])


@st.composite
def fields(draw, name, earlier, objects):
    kind = draw(st.sampled_from(PLAIN + (["simple", "object", "table"] if objects else [])))
    counts = [f.name for f in earlier if f.is_integer and not f.is_list and f.name[0].isalpha()]
    sizes = st.none() | st.integers(1, 9)
    size = draw(sizes | st.sampled_from(counts) if counts else sizes) if kind != "set" else None
    values = ()
    if kind in ("enum", "set") and size is None:
        values = tuple(draw(st.lists(names | texts, max_size=4)))
    return Field(
        kind,
        name,
        draw(texts),
        size,
        values,
        draw(st.sampled_from(objects)) if kind in ("simple", "object", "table") else None,
        draw(indexes),
        kind in INTEGERS and draw(st.booleans()),
    )


@st.composite
def declarations(draw, kind, name, objects=()):
    made = []
    for field_name in draw(st.lists(names, max_size=6, unique_by=str.lower)):
        made.append(draw(fields(field_name, made, list(objects))))
    return Declaration(kind, name, draw(texts), tuple(made))


@st.composite
def autosqls(draw):
    first, *others = draw(st.lists(names, min_size=1, max_size=4, unique_by=str.lower))
    made = []
    for name in others:  # simple only, so that any of them may hold any before it
        made.append(draw(declarations("simple", name, [d.name for d in made])))
    made.append(draw(declarations(draw(st.sampled_from(["table", "object"])), first, others)))
    return AutoSql(tuple(draw(st.permutations(made))))


@given(autosqls())
def test_what_is_formatted_is_parsed_again(x):
    assert parse(autosql.format(x)) == x


@given(autosqls())
def test_an_arrow_schema_leads_back_to_the_declaration(x):
    assert from_arrow(x.to_arrow()) == x


@given(autosqls())
def test_a_declared_arrow_schema_is_kept_with_all_its_metadata(x):
    schema = x.to_arrow()
    assert from_arrow(schema).to_arrow().equals(schema, check_metadata=True)


@given(autosqls())
def test_field_metadata_alone_leads_back_to_the_fields(x):
    assert from_arrow(x.to_arrow().remove_metadata()).fields == x.fields


soup = st.lists(
    st.sampled_from(
        [*PLAIN, *'()[];,"#', "'", "\\", "\n", "table", "simple", "t", "n", "3", "index"]
    )
).map(" ".join)


@given(st.text() | soup | soup.map(lambda text: f'table t "x" ( {text}'))
def test_any_text_is_parsed_or_is_an_autosql_error_with_a_line(text):
    line = line_of_the_error_in(text)
    assert line is None or 1 <= line <= len(re.split("\r\n|\r|\n", text))


def line_of_the_error_in(text: str) -> int | None:
    try:
        parse(text)
    except AutoSqlError as error:
        return error.line
    return None


@given(autosqls(), st.data())
def test_a_text_cut_short_is_an_error_and_never_another_table(x, data):
    text = str(AutoSql((x.table,))) if not any(f.of for f in x.fields) else bed(12)
    cut = data.draw(st.integers(1, text.rindex(")")))
    with pytest.raises(AutoSqlError):
        parse(text[:cut])


@given(texts)
def test_a_comment_with_any_quotes_is_the_whole_comment(comment):
    x = AutoSql((Declaration("table", "t", comment, (Field("int", "a", comment),)),))
    assert parse(str(x)) == x


@given(st.lists(st.from_regex(r'[a-z]+ ("[a-z]+")? [a-z]+', fullmatch=True), min_size=1))
def test_quotes_left_bare_in_comments_neither_cut_them_nor_eat_the_next_field(bare):
    rows = "\n".join(f'  uint f{i}; "{text}"' for i, text in enumerate(bare))
    assert [f.comment for f in parse(f'table t "a "b" c"\n(\n{rows}\n)').fields] == bare


# ── UCSC's own files ────────────────────────────────────────────────────────────────────────────

CORPUS = os.environ.get("GIDX_CORPUS")
FILES = sorted(Path(CORPUS, "autosql").glob("*.as")) if CORPUS else []
needs_corpus = pytest.mark.skipif(not FILES, reason="GIDX_CORPUS is unset: no declarations to read")


@needs_corpus
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_real_declaration_is_parsed_whole(path):
    text = path.read_bytes().decode()
    x = parse(text)
    # a field is what has a ; before its comment, and a comment starts at the first quote
    rows = [
        line.partition('"')[0] for line in text.splitlines() if not line.lstrip().startswith("#")
    ]
    enums = sum("enum (" in row for row in rows)  # the one whose values are in quotes
    assert sum(len(d.fields) for d in x.declarations) == sum(";" in r for r in rows) + enums
    assert not any('"' in f.comment for f in x.fields)
    assert parse(str(x)) == x


@needs_corpus
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_real_declaration_comes_back_from_its_arrow_schema(path):
    x = parse(path.read_bytes().decode())
    assert from_arrow(x.to_arrow()) == x
    assert x.to_arrow().names == list(x.names)


# ── the language ────────────────────────────────────────────────────────────────────────────────


def one(field: str) -> Field:
    (found,) = parse(f'table t "rows"\n(\n{field}\n)').fields
    return found


def test_every_part_of_a_field_is_read():
    assert one('set(a, b) tags index[12]; "some tags"') == Field(
        "set", "tags", "some tags", values=("a", "b"), index="index[12]"
    )
    assert one('uint id primary auto; "key"') == Field(
        "uint", "id", "key", index="primary", auto=True
    )
    assert one('int[3] xyz; "place"') == Field("int", "xyz", "place", size=3)


def test_words_of_the_language_may_be_names():
    assert one('uint index index auto; ""') == Field("uint", "index", "", index="index", auto=True)
    assert one('int int; ""').name == "int"


def test_types_and_kinds_ignore_case():
    assert parse('TABLE t "x" ( Ubyte [2] x; "" )').fields[0] == Field("ubyte", "x", size=2)


def test_white_space_is_free():
    assert parse('table t"x"(int n;"a"string[n]s;"b")').names == ("n", "s")
    assert parse('table\tt\r\n"x"\r\n(\r\nint\r\nn\r\n;\r\n"a"\r\n)\r\n').fields[0].comment == "a"


def test_a_comment_ends_with_its_line_when_it_has_no_closing_quote():
    assert parse('table t\n"rows\n(\nint a; "an a\nint b; "b"\n)').fields[0].comment == "an a"


def test_a_hash_hides_the_rest_of_its_line():
    assert parse('# of "us"\ntable t "x" # y\n(\n #int a;\nint b; "#1" # b\n)').names == ("b",)


def test_what_follows_a_nul_is_ignored():
    assert parse(bed(3) + "\0\0").names == ("chrom", "chromStart", "chromEnd")


def test_an_escaped_quote_stays_in_the_comment():
    assert one(r'int a; "the \"best\" hit"').comment == 'the "best" hit'
    assert one(r'int a; "C:\temp"').comment == r"C:\temp"


def test_a_quoted_word_in_a_comment_stays_when_the_next_field_is_on_the_same_line():
    (a, b) = parse('table t "x" (uint a; "the "best" hit" enum("x", "y") b; "z")').fields
    assert (a.comment, b.values) == ('the "best" hit', ("x", "y"))


@pytest.mark.parametrize(
    "comment",
    [
        'the "best" set of hits',
        'a "short name" or so',
        'one; "two" (three) "four"',
        'see "a" #1 "b"',
    ],
)
def test_prose_in_quotes_is_not_taken_for_a_field(comment):
    assert one(f'int a; "{comment}"').comment == comment


def test_a_field_that_forgot_its_semicolon_is_not_taken_for_prose():
    with pytest.raises(AutoSqlError, match="expected ; after field"):
        one('string a; "x" string b "y"')


def test_enum_values_are_words_quoted_texts_or_single_characters():
    assert one("""enum(A, '.', "n/a", +,) x; "" """).values == ("A", ".", "n/a", "+")


def test_a_char_of_fixed_size_is_a_text_and_a_counted_one_an_array():
    assert not one('char[12] acc; "accession"').is_list
    assert Field("char", "alleles", size="n").is_list
    assert one('string[12] names; ""').is_list


def test_the_first_table_describes_the_rows():
    x = parse('simple p "" (int x; "") table t "" (simple p[2] ps; "") table u "" ()')
    assert (x.table.name, x.names) == ("t", ("ps",))
    assert parse('object o "" (int x; "") simple p "" ()').table.name == "o"


def test_counts_tell_which_arrays_a_field_counts():
    assert parse(bed(12)).table.counts == {"blockCount": ("blockSizes", "chromStarts")}


def test_declarations_are_formatted_as_ucsc_writes_them():
    x = parse('table t "rows" (uint n; "how many" uint[n] xs index; "which")')
    assert str(x) == (
        "table t\n"
        '"rows"\n'
        "    (\n"
        '    uint n;           "how many"\n'
        '    uint[n] xs index; "which"\n'
        "    )\n"
    )


@pytest.mark.parametrize("defined", [3, 6, 12])
@pytest.mark.parametrize("extra", [0, 1, 20])
def test_standard_columns_are_those_of_their_text(defined, extra):
    read, made = parse(bed(defined, extra)), bed_declared(defined, extra)
    assert made == read
    assert made.table.sources == read.table.sources
    assert made.to_arrow().equals(read.to_arrow(), check_metadata=True)


def test_declarations_can_be_pickled_and_hashed():
    x = parse(bed(12, 2))
    assert pickle.loads(pickle.dumps(x)) == x
    assert len({x, parse(str(x))}) == 1


# ── errors ──────────────────────────────────────────────────────────────────────────────────────

ERRORS = {
    "": "line 1: no declaration found, expected table, simple or object",
    'tabel t "x" ()': "line 1: found 'tabel', expected table, simple or object; "
    "did you mean 'table'?",
    "table t (": "line 1: table 't' has no comment: found '(', expected text in double quotes, "
    'or "" for none',
    'table t "x"\n(\n  strng a; "x"\n)': "line 3: unknown type 'strng'; did you mean 'string'?",
    'table t "x"\n(\n  int a;\n  int b; "x"\n)': "line 3: field 'a' has no comment: found 'int', "
    'expected text in double quotes, or "" for none',
    'table t "x"\n(\n  int a-b; ""\n)': "line 3: found '-', expected ; after field 'a'; "
    "a name is letters, digits and _",
    'table t "x"\n(\n  int a; ""\n': "line 4: text ends, "
    "expected a type, or ) after the last field",
    'table t "x"\n(\n  int a; ""\n  int A; ""\n)': "line 4: two fields are named 'a' and 'A', "
    "case does not count; rename one",
    'table t "x"\n(\n int exonCount; ""\n int[exonCnt] exons; ""\n)': "line 4: field 'exons' is "
    "counted by 'exonCnt', which is not a field; did you mean 'exonCount'?",
    'table t "x"\n(\n int[n] xs; ""\n int n; ""\n)': "line 3: field 'xs' is counted by 'n', "
    "which is not declared before it; move it up",
    'table t "x"\n(\n int[xs] xs; ""\n)': "line 3: field 'xs' is counted by 'xs', "
    "which is not declared before it; move it up",
    'table t "x"\n(\n string n; ""\n int[n] xs; ""\n)': "line 4: field 'xs' is counted by 'n', "
    "which is string, expected an integer",
    'table t "x"\n(\n int[0] xs; ""\n)': "line 3: field 'xs': array size 0, "
    "expected 1 to 2147483647",
    'table t "x"\n(\n int[3x] xs; ""\n)': "line 3: field 'xs': array size '3x' is neither "
    "a number of 10 digits nor a name",
    'table t "x"\n(\n string s auto; ""\n)': "line 3: field 's': auto needs an integer type, "
    "found string",
    'table t "x"\n(\n int(a, b) s; ""\n)': "line 3: field 's': int has no list of values; "
    "enum and set do",
    'table t "x"\n(\n simple pont p; ""\n)\nsimple point "x" ()': "line 3: table 't', field 'p': "
    "simple 'pont' is not declared; did you mean 'point'?",
    'simple s "x"\n(\n object o p; ""\n)\nobject o "x" ()': "line 3: simple 's', field 'p': "
    "a simple holds only simple, 'o' is object",
    'table t "x" ()\ntable T "x" ()': "line 2: two declarations are named 'T'",
    'table t "x"\n(\n string a; "x", string b; "y"\n)': "line 3: unknown type ','",
}


@pytest.mark.parametrize(
    ("text", "message"), ERRORS.items(), ids=list(map(str, range(len(ERRORS))))
)
def test_an_error_says_the_line_what_was_found_and_what_was_expected(text, message):
    with pytest.raises(AutoSqlError) as caught:
        parse(text)
    assert str(caught.value) == message
    assert message.startswith(f"line {caught.value.line}: ")


def test_a_line_break_cannot_stand_in_a_comment():
    with pytest.raises(AutoSqlError, match="line break"):
        Field("int", "a", "two\nlines")


def test_an_object_that_holds_itself_has_no_arrow_type():
    with pytest.raises(AutoSqlError, match="'t' contains itself"):
        parse('table t "" (object o x; "") object o "" (object o next; "")').to_arrow()


def test_objects_that_multiply_without_end_have_no_arrow_type():
    doubling = "\n".join(
        f'simple s{i} "" (simple s{i + 1} a; "" simple s{i + 1} b; "")' for i in range(40)
    )
    with pytest.raises(AutoSqlError, match="columns, expected at most"):
        parse(f'table t "" (simple s0 x; "") {doubling} simple s40 "" (int x; "")').to_arrow()


HOSTILE = {
    "parens": 'table t "' + "a(" * 50_000,
    "quotes": 'table t "' + '"' * 100_000,
    "words": 'table t "' + 'a "' * 30_000,
    "semicolons": 'table t "' + '; "' * 30_000,
    "types": 'table t "' + ' int"' * 20_000,
    "prose": 'table t "x" (int a; "' + "a " * 50_000 + '" b',
    "backslashes": 'table t "x" (int a; "' + "\\" * 100_000,
    "escapes": 'table t "x" (int a; "' + '\\"' * 50_000,
    "white space": 'table t "x" (int a; "x"' + " " * 100_000 + "b",
    "fields": 'table t "x" (' + "".join(f'int a{i}; ""' for i in range(10_000)),
    "counts": 'table t "x" (int n; ""' + "".join(f'int[n] a{i}; ""' for i in range(9_000)),
    "tables": "".join(f'table t{i} "" ()' for i in range(9_000)) + "table",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_text_of_100_kb_is_refused(text):
    with pytest.raises(AutoSqlError):
        parse(text)


# ── AutoSQL → Arrow ─────────────────────────────────────────────────────────────────────────────

SYMBOL = pa.dictionary(pa.int32(), pa.string())
NATIVE = {
    'int x; ""': pa.int32(),
    'uint x; ""': pa.uint32(),
    'short x; ""': pa.int16(),
    'ushort x; ""': pa.uint16(),
    'byte x; ""': pa.int8(),
    'ubyte x; ""': pa.uint8(),
    'bigint x; ""': pa.int64(),
    'float x; ""': pa.float32(),
    'double x; ""': pa.float64(),
    'char x; ""': pa.string(),
    'char[7] x; ""': pa.string(),
    'string x; ""': pa.string(),
    'lstring x; ""': pa.string(),
    'enum(a, b) x; ""': SYMBOL,
    'enum x; ""': pa.string(),
    'set x; ""': pa.list_(pa.string()),
    'set(a, b) x; ""': pa.list_(SYMBOL),
    'ubyte[3] x; ""': pa.list_(pa.uint8(), 3),
    'string[3] x; ""': pa.list_(pa.string(), 3),
}


@pytest.mark.parametrize(("text", "arrow"), NATIVE.items(), ids=list(NATIVE))
def test_each_type_has_its_arrow_type(text, arrow):
    assert parse(f'table t "" ({text})').to_arrow().field("x").type == arrow


def test_a_counted_array_is_a_list_and_an_object_a_struct():
    schema = parse(
        'table t "" (int n; "" simple p[n] ps; "" object p one; "") simple p "" (float x; "")'
    ).to_arrow()
    point = pa.struct({"x": pa.float32()})
    assert schema.types == [pa.int32(), pa.list_(point), point]


def test_metadata_keep_the_declared_type_and_the_comment():
    schema = parse(bed(12)).to_arrow()
    assert schema.field("blockSizes").metadata == {
        b"autosql": b"int[blockCount]",
        b"description": b"Comma separated list of block sizes",
    }
    assert parse(schema.metadata[b"autosql"].decode()) == parse(bed(12))


# ── Arrow → AutoSQL ─────────────────────────────────────────────────────────────────────────────


def types(schema: dict, **options) -> list[str]:
    made = from_arrow(pa.schema(list(schema.items())), **options)
    return [f"{f.declared_type} {f.name}" for f in made.fields]


def test_numbers_go_by_their_width():
    widths = {
        pa.int8(): "byte",
        pa.uint8(): "ubyte",
        pa.int16(): "short",
        pa.uint16(): "ushort",
        pa.int32(): "int",
        pa.uint32(): "uint",
        pa.int64(): "bigint",
        pa.float16(): "float",
        pa.float32(): "float",
        pa.float64(): "double",
        pa.bool_(): "ubyte",
    }
    for arrow, name in widths.items():
        assert types({"x": arrow}) == [f"{name} x"]


def test_every_kind_of_text_is_a_string_or_an_lstring_if_asked():
    for text in (pa.string(), pa.large_string(), pa.string_view(), pa.null(), SYMBOL):
        assert types({"x": text}) == ["string x"]
    assert types({"x": pa.string(), "y": pa.string()}, lstring=["y"]) == ["string x", "lstring y"]


def test_how_arrow_stores_a_value_does_not_matter():
    assert types({"x": pa.dictionary(pa.int8(), pa.int64())}) == ["bigint x"]
    assert types({"x": pa.run_end_encoded(pa.int32(), pa.uint8())}) == ["ubyte x"]


def test_a_dictionary_is_an_enum_when_its_values_are_known_and_can_stand_there():
    schema = {"x": SYMBOL, "y": pa.list_(SYMBOL)}
    known = {"x": ["a", "."], "y": ["b", "c"]}
    assert types(schema, values=known) == ["enum(a, '.') x", "set(b, c) y"]
    for illegal in ["a b", "a,b", "(a)", "", 'a"b']:
        assert types({"x": SYMBOL}, values={"x": ["a", illegal]}) == ["string x"]
    assert types(schema) == ["string x", "int yCount", "string[yCount] y"]


def test_a_list_gets_a_count_before_it_with_a_new_name():
    schema = {"a": pa.list_(pa.int8()), "aCount": pa.int32(), "_b": pa.large_list(pa.string())}
    expected = ["int aCount_2", "byte[aCount_2] a", "int aCount"]
    assert types(schema) == [*expected, "int bCount", "string[bCount] _b"]


def test_sources_tell_the_column_behind_each_field():
    made = from_arrow(pa.schema({"INFO/AF": pa.list_(pa.float32()), "b": pa.int8()}))
    assert made.table.sources == (None, "INFO/AF", "b")
    assert made.names == ("INFO_AFCount", "INFO_AF", "b")
    assert made.fields[1].comment == "INFO/AF"
    assert parse(bed(3)).table.sources == ("chrom", "chromStart", "chromEnd")


def test_names_differ_without_case_as_ucsc_compares_them():
    schema = pa.schema(
        [("a b", pa.int8()), ("a_b", pa.int8()), ("A_B", pa.int8()), ("é", pa.int8())]
    )
    assert from_arrow(schema).names == ("a_b_2", "a_b", "A_B_3", "X_")


def test_a_fixed_size_list_is_an_array_of_that_size():
    assert types({"x": pa.list_(pa.float32(), 3)}) == ["float[3] x"]


def test_structs_become_simple_objects_behind_the_table():
    point = pa.struct({"x": pa.int32(), "tags": pa.list_(pa.string())})
    made = from_arrow(pa.schema({"p": point, "ps": pa.list_(point)}), "shapes", comment="Shapes")
    assert [(d.kind, d.name) for d in made.declarations] == [
        ("table", "shapes"),
        ("simple", "p"),
        ("simple", "ps"),
    ]
    assert [f.declared_type for f in made.fields] == ["simple p", "int", "simple ps[psCount]"]
    assert made.declarations[1].names == ("x", "tagsCount", "tags")
    assert made.declarations[1].sources == ("x", None, "tags")


def test_a_declared_count_that_is_still_there_counts_again():
    schema = parse(bed(12)).to_arrow()
    kept = from_arrow(pa.schema([schema.field(n) for n in ("chrom", "blockCount", "blockSizes")]))
    assert kept.names == ("chrom", "blockCount", "blockSizes")


def test_a_declared_count_that_is_gone_is_put_in_once():
    schema = parse(bed(12)).to_arrow()
    left = from_arrow(pa.schema([schema.field("blockSizes"), schema.field("chromStarts")]))
    assert left.names == ("blockCount", "blockSizes", "chromStarts")
    assert left.table.sources == (None, "blockSizes", "chromStarts")


def test_a_declared_count_that_comes_too_late_does_not_count():
    schema = parse(bed(12)).to_arrow()
    late = from_arrow(pa.schema([schema.field("blockSizes"), schema.field("blockCount")]))
    assert late.names == ("blockSizesCount", "blockSizes", "blockCount")


def test_a_column_of_another_type_than_declared_goes_by_its_arrow_type():
    schema = parse('table t "" (uint a; "x" enum(u, v) b; "")').to_arrow()
    schema = schema.set(0, schema.field("a").with_type(pa.float64()))
    schema = schema.set(1, schema.field("b").with_type(pa.string()))
    assert from_arrow(schema).fields == (
        Field("double", "a", "x"),
        Field("enum", "b", values=("u", "v")),  # text is text, in a dictionary or not
    )


def test_values_that_are_given_win_over_those_declared():
    schema = parse('table t "" (enum(u, v) b; "")').to_arrow()
    assert from_arrow(schema, values={"b": ["w"]}).fields[0].values == ("w",)


def test_a_renamed_column_keeps_its_declared_type():
    schema = parse('table t "" (lstring a; "x")').to_arrow()
    schema = schema.set(0, schema.field(0).with_name("b"))
    assert from_arrow(schema).fields == (Field("lstring", "b", "x"),)


def test_metadata_that_others_wrote_are_ignored():
    field = pa.field(
        "x", pa.int32(), metadata={"autosql": "not a type", "description": "two\nlines"}
    )
    made = from_arrow(pa.schema([field], metadata={"autosql": "?"}))
    assert made.fields == (Field("int", "x", "two lines"),)


def test_a_struct_that_was_changed_does_not_change_its_twin():
    x = parse('table t "" (simple p a; "" simple p b; "") simple p "point" (int x; "")')
    schema = x.to_arrow()
    wider = pa.struct([*schema.field("b").type, pa.field("y", pa.int32())])
    made = from_arrow(schema.set(1, schema.field("b").with_type(wider)))
    assert [(f.name, f.of) for f in made.fields] == [("a", "p"), ("b", "p_2")]
    assert made.declaration("p") == x.declaration("p")
    assert made.declaration("p_2").names == ("x", "y")


REFUSED = {
    "uint64": (pa.uint64(), "cast it to int64 (bigint) or string"),
    "time": (pa.timestamp("us"), "cast it to string or int64 (bigint)"),
    "decimal": (pa.decimal128(9, 2), "cast it to float64 (double) or string"),
    "binary": (pa.binary(), "cast it to string"),
    "map": (pa.map_(pa.string(), pa.string()), "turn it into a list, a struct or text"),
    "nested": (
        pa.list_(pa.list_(pa.int8())),
        "AutoSQL has no array of arrays; flatten it, or join it to text",
    ),
    "empty": (
        pa.list_(pa.int8(), 0),
        "an AutoSQL array holds at least one value; drop the column",
    ),
}


@pytest.mark.parametrize(("arrow", "way_out"), REFUSED.values(), ids=list(REFUSED))
def test_a_type_that_autosql_does_not_have_is_refused_with_the_way_out(arrow, way_out):
    with pytest.raises(AutoSqlError) as caught:
        from_arrow(pa.schema({"when": arrow}))
    assert str(caught.value) == f"column 'when': no AutoSQL type for {arrow}; {way_out}"
    assert caught.value.column == "when"


def test_an_option_for_a_column_that_is_not_there_is_an_error():
    with pytest.raises(AutoSqlError, match="no column 'nmae'; did you mean 'name'"):
        from_arrow(pa.schema({"name": pa.string()}), lstring=["nmae"])


# ── standard BED ────────────────────────────────────────────────────────────────────────────────


def test_bed_is_the_text_of_bed_as_def_byte_for_byte():
    assert bed(6, 2) == (
        "table bed\n"
        '"Browser Extensible Data"\n'
        "   (\n"
        '   string chrom;       "Reference sequence chromosome or scaffold"\n'
        '   uint   chromStart;  "Start position in chromosome"\n'
        '   uint   chromEnd;    "End position in chromosome"\n'
        '   string name;        "Name of item."\n'
        '   uint score;          "Score (0-1000)"\n'
        '   char[1] strand;     "+ or - for strand"\n'
        'lstring field8;\t"Undocumented field"\n'  # the seventh: bedAsDef counts one too far
        'lstring field9;\t"Undocumented field"\n'
        "   )\n"
    )


@pytest.mark.parametrize("defined", range(3, 13))
def test_each_bed_has_the_first_standard_fields(defined):
    assert parse(bed(defined)).fields == BED_FIELDS[:defined]


@needs_corpus
@pytest.mark.parametrize("defined", [3, 4, 5, 6, 7, 8, 9, 12])
def test_ucsc_put_the_same_bytes_into_real_files(defined):
    data = Path(CORPUS, "bigbed", f"bed{defined}.bb").read_bytes()
    offset = int.from_bytes(data[36:44], "little")  # autoSqlOffset in the bbi header
    assert data[offset : data.index(b"\0", offset)].decode() == bed(defined)


@pytest.mark.parametrize(("defined", "extra"), [(2, 0), (13, 0), (3, -1)])
def test_bed_has_three_to_twelve_defined_fields(defined, extra):
    with pytest.raises(AutoSqlError, match="expected"):
        bed(defined, extra)


def test_a_declaration_knows_when_its_sources_do_not_fit():
    with pytest.raises(AutoSqlError, match="2 sources for 1 fields"):
        Declaration("table", "t", fields=(Field("int", "a"),), sources=("a", "b"))
    assert replace(parse(bed(3)).table, name="x").sources == ("chrom", "chromStart", "chromEnd")
