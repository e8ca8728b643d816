"""GFF3 and GTF: nine columns, and attributes as a plain reader of them says."""

from __future__ import annotations

import gzip
import pickle

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.gff_text import (
    KEYS,
    as_list,
    as_map,
    as_text,
    gff3_attributes,
    gff3_fields,
    gff_row,
    gtf_attributes,
    gtf_fields,
    has_open_quote,
    lines_of,
)

import gidx
from gidx.formats.gff.read import Gff, Key, from_head
from gidx.formats.text.dialect import Head

READERS = {"gff3": gff3_attributes, "gtf": gtf_attributes}
VERSION = {"gff3": b"##gff-version 3\n", "gtf": b"##gff-version 2\n"}


def read(text, gff, columns=None, names="canonical"):
    """(a table of rows, problems)."""
    fields = gff.named(names)
    picked = range(len(fields)) if columns is None else [gff_index(gff, c, names) for c in columns]
    reader = gff.reader(picked, names)
    rows, problems = reader.decode(lines_of(text, gff.rules, reader.want))
    arrays = rows.columns
    for array in arrays:
        array.validate(full=True)
    return pa.Table.from_arrays(arrays, schema=pa.schema([fields[i] for i in picked])), problems


def gff_index(gff, name, names="canonical"):
    return [f.name for f in gff.named(names)].index(name)


def attributes_of(*fields, kind="gff3", columns=None, listed=()):
    """Columns of rows with these ninth fields; by default all that are in the map."""
    keys = tuple(Key(k, k, k, k in listed) for k in columns or ())
    gff = Gff(kind, "", keys)
    text = b"".join(gff_row(field) for field in fields)
    table, problems = read(text, gff, [*(columns or ()), "attributes"])
    assert not problems
    return table.to_pydict()


def one(field, kind="gff3"):
    """The map of one ninth field."""
    return attributes_of(field, kind=kind)["attributes"][0]


# ── the nine columns ────────────────────────────────────────────────────────────────────────────

ROW = gff_row(
    "ID=g1", start=11, end=20, source=".", type="CDS", score="1e-5", strand="-", phase="2"
)


def test_columns_are_typed_and_zero_based_half_open():
    gff = from_head(Head("x.gff3", b"", ROW))
    table, problems = read(ROW, gff)
    assert table.to_pylist() == [
        {"chrom": "chr1", "start": 10, "end": 20, "source": None, "type": "CDS", "score": 1e-5,
         "strand": "-", "phase": 2, "ID": "g1", "attributes": []}
    ]  # fmt: skip
    assert [str(t) for t in table.schema.types[1:8]] == [
        "int64", "int64", "string", "string", "double", "string", "uint8",
    ]  # fmt: skip
    assert problems == []


def test_native_columns_are_the_file_s_own_in_its_order():
    gff = from_head(Head("x.gff3", b"", ROW))
    assert read(ROW, gff, names="native")[0].to_pylist() == [
        {"seqid": "chr1", "source": None, "type": "CDS", "start": 11, "end": 20, "score": 1e-5,
         "strand": "-", "phase": 2, "ID": "g1", "attributes": []}
    ]  # fmt: skip
    gtf = from_head(Head("x.gtf", VERSION["gtf"], gff_row("ID g1;")), attributes=[])
    assert [f.name for f in gtf.named("native")] == [
        "seqname", "source", "feature", "start", "end", "score", "strand", "frame", "attributes",
    ]  # fmt: skip


def test_a_point_is_missing_but_for_the_strand_where_it_says_unstranded():
    row = gff_row("ID=x", source=".", score=".", strand=".", phase=".")
    found = read(row, from_head(Head("x", b"", row)))[0].to_pylist()[0]
    assert [found[c] for c in ("source", "score", "strand", "phase")] == [None, None, ".", None]


def test_what_is_no_number_is_missing_and_said_so():
    row = gff_row("ID=x", score="high", phase="-1")
    table, problems = read(row, from_head(Head("x", b"", row)))
    assert table["score"].to_pylist() == table["phase"].to_pylist() == [None]
    assert [(p.column, p.declared, p.count, p.row, p.text) for p in problems] == [
        ("score", "float", 1, 0, "high"), ("phase", "integer", 1, 0, "-1"),
    ]  # fmt: skip


def test_source_and_type_are_decoded_in_gff3_alone():
    row = gff_row("ID=x", source="a%20b", type="%2E") + gff_row("ID=y", source=".")
    for kind, source, types in (("gff3", "a b", [".", "gene"]), ("gtf", "a%20b", ["%2E", "gene"])):
        table, problems = read(row, Gff(kind, "", ()))
        assert (table["source"].to_pylist(), table["type"].to_pylist()) == ([source, None], types)
        assert problems == []


def test_a_row_of_eight_fields_has_no_attributes():
    text = gff_row(None) + gff_row("ID=a") + gff_row(".") + gff_row("") + gff_row(" ; ")
    gff = from_head(Head("x", b"", text), attributes=["ID"])
    table, _ = read(text, gff)
    assert table["ID"].to_pylist() == [None, "a", None, None, None]
    assert table["attributes"].to_pylist() == [None, [], None, None, []]


def test_a_tenth_field_is_no_attribute():
    row = gff_row("ID=a\tb")
    assert read(row, Gff("gff3", "", ()))[0]["attributes"].to_pylist() == [[("ID", ["a"])]]


def test_lines_may_end_with_cr_lf():
    text = gff_row("ID=a;x=1").replace(b"\n", b"\r\n") + gff_row(None).replace(b"\n", b"\r\n")
    gff = from_head(Head("x", b"", text))
    assert read(text, gff, ["x", "phase"])[0].to_pydict() == {"x": ["1", None], "phase": [None] * 2}


# ── GFF3 attributes ─────────────────────────────────────────────────────────────────────────────


def test_escapes_are_undone_after_splitting():
    assert one("a=1%2C2,3;b=%3b%3D%26%09;c%3D=%25") == [
        ("a", ["1,2", "3"]), ("b", [";=&\t"]), ("c=", ["%"]),
    ]  # fmt: skip


def test_a_percent_sign_without_two_digits_is_itself():
    assert one("a=50%;b=%4;c=%zz;d=%%41") == [
        ("a", ["50%"]), ("b", ["%4"]), ("c", ["%zz"]), ("d", ["%A"]),
    ]  # fmt: skip


def test_no_value_an_empty_one_and_none_at_all_stay_apart():
    fields = ("a", "a=", "b=1", "a=,")
    assert attributes_of(*fields, columns=["a"], listed=["a"])["a"] == [[], [""], None, ["", ""]]
    assert attributes_of(*fields)["attributes"] == [
        [("a", [])], [("a", [""])], [("b", ["1"])], [("a", ["", ""])],
    ]  # fmt: skip
    assert attributes_of(*fields, columns=["a"])["a"] == ["", "", None, ","]


def test_blanks_belong_to_values_but_not_before_tags():
    assert one(" a=1 ; b = 2;  ;c=3") == [("a", ["1 "]), ("b ", [" 2"]), ("c", ["3"])]


def test_quotes_and_further_equal_signs_are_text():
    assert one('a="x";b=c=d') == [("a", ['"x"']), ("b", ["c=d"])]


def test_repeated_tags_are_one_list():
    assert one("a=1;b=2;a=3,4") == [("a", ["1", "3", "4"]), ("b", ["2"])]


def test_several_values_of_a_text_column_stay_one_text():
    assert attributes_of("a=1;a=2", "a=1,2", "a=%2C", columns=["a"])["a"] == ["1,2", "1,2", ","]


def test_a_key_is_the_same_however_it_is_escaped():
    found = attributes_of("ID=1;I%44=2", "I%44=3", "%49%44=4", columns=["ID"])
    assert found["ID"] == ["1,2", "3", "4"]
    assert one("I%44=1;ID=2;x%=3") == [("ID", ["1", "2"]), ("x%", ["3"])]


def test_keys_that_begin_alike_are_told_apart():
    found = attributes_of("gene=1;gene_id=2;g=3;gene_id2=4", "g=5;gene_id=6", "gene=7", columns=[
        "g", "gene", "gene_id"])  # fmt: skip
    assert found["g"] == ["3", "5", None]
    assert found["gene"] == ["1", None, "7"]
    assert found["gene_id"] == ["2", "6", None]
    assert found["attributes"] == [[("gene_id2", ["4"])], [], []]


def test_what_is_not_utf8_is_missing_and_said_so():
    row = gff_row("a=b;c=d;ID=x").replace(b"=b", b"=\xe9").replace(b"c=", b"\xe8=")
    gff = Gff("gff3", "", (Key("a", "a", "a", False), Key("ID", "ID", "ID", True)))
    table, problems = read(row, gff, ["a", "ID", "attributes"])
    assert table.to_pylist() == [{"a": None, "ID": ["x"], "attributes": [("", ["d"])]}]
    assert [(p.column, p.declared, p.count, p.text) for p in problems] == [
        ("a", "string", 1, "\\xe9"), ("attributes", "string", 1, "\\xe8"),
    ]  # fmt: skip
    _, problems = read(gff_row("x=%E9") + gff_row("y=1;ID=%FF,a"), gff, ["ID", "attributes"])
    assert [(p.column, p.row) for p in problems] == [("ID", 1), ("attributes", 0)]


# ── GTF attributes ──────────────────────────────────────────────────────────────────────────────


def test_quotes_are_optional_and_hold_semicolons():
    assert one('a "1; 2"; level 2;b "" ; c  "x" ;d', "gtf") == [
        ("a", ["1; 2"]), ("level", ["2"]), ("b", [""]), ("c", ["x"]), ("d", []),
    ]  # fmt: skip


def test_quotes_and_backslashes_can_be_escaped_and_percent_signs_not():
    assert one(r'a "\"x\" \\"; b "C:\new"; c "100%25"', "gtf") == [
        ("a", ['"x" \\']), ("b", ["C:\\new"]), ("c", ["100%25"]),
    ]  # fmt: skip


def test_commas_part_nothing_in_gtf_but_repeats_are_a_list():
    fields = ('tag "basic"; tag "a,b";', 'tag "CCDS"')
    found = attributes_of(*fields, kind="gtf", columns=["tag"], listed=["tag"])
    assert found["tag"] == [["basic", "a,b"], ["CCDS"]]
    assert attributes_of(*fields, kind="gtf", columns=["tag"])["tag"] == ["basic,a,b", "CCDS"]


def test_a_value_that_is_more_than_a_quotation_is_text_as_it_is():
    assert one('Target "HBA;2" 11 55 ; note 5\' end; c a"b', "gtf") == [
        ("Target", ['"HBA;2" 11 55']), ("note", ["5' end"]), ("c", ['a"b']),
    ]  # fmt: skip


def test_a_semicolon_may_be_missing_behind_a_quotation():
    assert one('gene_id "g"; transcript_id "t" family_id "f"  _x "1;2";', "gtf") == [
        ("gene_id", ["g"]), ("transcript_id", ["t"]), ("family_id", ["f"]), ("_x", ["1;2"]),
    ]  # fmt: skip
    assert one('a "x" b 5; c 1 d "y"', "gtf") == [("a", ['"x" b 5']), ("c", ['1 d "y"'])]
    assert one('Target "x" 12 "y"; a "x" "y z"', "gtf") == [
        ("Target", ['"x" 12 "y"']), ("a", ['"x" "y z"']),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ['the "best" one', '"best" one', 'the "best"', 'a "b" "c" d', '5" end', 'say "a; b" c', '"'],
)
@pytest.mark.parametrize("behind", [";", "", " ;", ' b "2"', '; b "2";'])
def test_quotes_that_nothing_escapes_belong_to_the_value(text, behind):
    b = [("b", ["2"])] if "b" in behind else []
    assert one(f'note "{text}"{behind}', "gtf") == [("note", [text]), *b]
    assert one(f'a "1"; note "{text}" x "3"{behind}', "gtf") == [
        ("a", ["1"]), ("note", [text]), ("x", ["3"]), *b,
    ]  # fmt: skip


def test_what_follows_a_quotation_at_once_leaves_the_value_as_it_is():
    assert one('a "x"1; b "2"; c "y"z', "gtf") == [("a", ['"x"1']), ("b", ["2"]), ("c", ['"y"z'])]
    assert one('a "x"1; # "b" c', "gtf") == [("a", ['"x"1'])]


@pytest.mark.parametrize("field", ['b "x; c "y"; d "z";', 'b "x; c "";', 'b "x; c "y" d "z"'])
def test_a_forgotten_quote_is_said_and_takes_no_other_attribute(field):
    table, problems = read(gff_row(f'a "1"; {field}'), Gff("gtf", "", ()), ["attributes"])
    assert table["attributes"].to_pylist() == [[("a", ["1"])]]
    assert [(p.declared, p.count, p.row) for p in problems] == [("closed with a quote", 1, 0)]


def test_a_hash_where_a_key_should_be_begins_a_comment():
    assert one('a "#1"; color #ff0000; # b "2";', "gtf") == [("a", ["#1"]), ("color", ["#ff0000"])]


def test_quotes_that_are_not_closed_are_said():
    text = gff_row('a "1"') + gff_row('a "2"; b "x; c "y; d 4')
    table, problems = read(text, Gff("gtf", "", ()))
    assert table["attributes"].to_pylist()[1] == [("a", ["2"]), ("b", ['"x; c "y']), ("d", ["4"])]
    assert problems == []
    text += gff_row('a "3"; b "x; c 5') + gff_row('b "')
    table, problems = read(text, Gff("gtf", "", (Key("c", "c", "c", False),)), ["c"])
    assert table["c"].to_pylist() == [None] * 4
    assert [(p.column, p.declared, p.count, p.row, p.text) for p in problems] == [
        ("attributes", "closed with a quote", 2, 2, 'b "x; c 5')
    ]


# ── against a plain reader ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=100)
@given(st.data())
def test_attributes_are_those_of_a_plain_reader(kind, data):
    source = {"gff3": gff3_fields, "gtf": gtf_fields}[kind]()
    fields = data.draw(st.lists(st.one_of(source, st.none()), max_size=8))
    keys = data.draw(st.lists(st.sampled_from(KEYS), unique=True))
    listed = data.draw(st.sets(st.sampled_from(KEYS)))
    asked = data.draw(st.permutations(keys).map(lambda k: k[: len(k) // 2 + 1]))
    gff = Gff(kind, "", tuple(Key(k, k, k, k in listed) for k in ["ID", *set(keys) - {"ID"}]))
    known = tuple(k.key for k in gff.keys)
    text = b"".join(map(gff_row, fields))
    own = [KEY_COLUMNS + known.index(k) for k in asked]
    lines = lines_of(text, gff.rules, 9)
    rows, problems = gff.reader([*own, KEY_COLUMNS + len(known)], "canonical").decode(lines)
    arrays = rows.columns
    found = [READERS[kind](field or "") for field in fields]
    for key, array in zip(asked, arrays[:-1], strict=True):
        array.validate(full=True)
        expected = [as_list(f, key) if key in listed else as_text(f, key) for f in found]
        assert array.to_pylist() == expected
    arrays[-1].validate(full=True)
    assert arrays[-1].to_pylist() == [as_map(f, known) for f in found]
    broken = [i for i, f in enumerate(fields) if kind == "gtf" and has_open_quote(f or "")]
    assert [(p.count, p.row) for p in problems] == [(len(broken), i) for i in broken[:1]]


KEY_COLUMNS = 8  # attribute columns begin here


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=50)
@given(st.data())
@example(st.none())
def test_discovered_columns_hold_all_and_the_map_what_came_later(kind, data):
    source = {"gff3": gff3_fields, "gtf": gtf_fields}[kind]()
    if isinstance(data, st.SearchStrategy):  # a file without rows
        first, later = [], []
    else:
        first, later = data.draw(st.lists(source)), data.draw(st.lists(source))
    gff = from_head(Head("x", VERSION[kind], b"".join(map(gff_row, first))))
    seen = [READERS[kind](f) for f in first]
    keys = list(dict.fromkeys(k for f in seen for k, _ in f or [] if k))
    assert [k.key for k in gff.keys] == keys
    several = {k for f in seen for k, v in as_map(f) or [] if len(v) > 1}
    if kind == "gff3":
        several |= {"Parent", "Alias", "Note", "Dbxref", "Ontology_term"} & set(keys)
    assert {k.key for k in gff.keys if k.listed} == several - {""}
    table, _ = read(b"".join(map(gff_row, first + later)), gff)
    found = seen + [READERS[kind](f) for f in later]
    assert table["attributes"].to_pylist() == [as_map(f, tuple(keys)) for f in found]
    for key in gff.keys:
        expected = [as_list(f, key.key) if key.listed else as_text(f, key.key) for f in found]
        assert table[key.name].to_pylist() == expected


def test_hundreds_of_keys_in_any_order_are_found():
    keys = [f"key{i}" for i in range(500)]
    forward = ";".join(f"{k}={k[3:]}" for k in keys)
    backward = ";".join(f"{k}={k[3:]}" for k in reversed(keys))
    found = attributes_of(forward, backward, forward, columns=keys[::2])
    assert all(found[k] == [k[3:]] * 3 for k in keys[::2])
    assert [k for k, _ in found["attributes"][1]] == keys[::-1][::2]


# ── the head ────────────────────────────────────────────────────────────────────────────────────


def kind_of(header, row=b"", name="x"):
    return from_head(Head(name, header, row)).kind


def test_the_kind_is_what_attributes_tell_then_directives_then_the_name():
    """thackl/gggenomes#94: a header of version 2 over ``color=10;gene=x``, as many write it."""
    gff3, gtf, neither = gff_row("ID=a b"), gff_row('ID "a=b"'), gff_row("ID a")
    assert kind_of(b"##gff-version   2\n", gff3) == "gff3"
    assert kind_of(b"# comment\n##gff-version 3.1.26\n", gtf) == "gtf"
    assert kind_of(b"#!genome-build x.gtf\n", gff3) == "gff3"
    assert kind_of(b"", gff_row(".") + gff_row(None) + b"#x\n" + gtf) == "gtf"
    assert kind_of(b"", neither + gff3) == "gff3"
    for row in (neither, gff_row("."), b""):
        assert kind_of(b"# comment\n##gff-version 3.1.26\n", row) == "gff3"
        assert kind_of(b"##gff-version   2\n", row) == "gtf"
        assert kind_of(b"##description: x\n##format: gtf\n", row) == "gtf"
        assert kind_of(b"##format: gff3\n", row) == "gff3"
        assert kind_of(b"#!genome-build x.gtf\n", row) == "gtf"
    assert kind_of(b"#!genome-build GRCh38\n", gff_row(".")) == "gff3"
    assert kind_of(b"", neither) == "gtf"
    assert kind_of(b"", gff_row("a")) == "gff3"
    assert kind_of(b"", b"", "x.gtf.gz") == "gtf"
    assert kind_of(b"", b"", "x.gff.gz") == "gff3"


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize(
    ("attributes", "format"), [("color=10;gene=x", "gff3"), ('color "10"; gene "x"', "gtf")]
)
def test_what_a_file_is_called_is_what_it_is_read_as(tmp_path, version, attributes, format):
    text = f"##gff-version {version}\nc\tG\tCDS\t1\t9\t.\t+\t0\t{attributes}\n".encode()
    dataset = gidx.open(text)
    assert dataset.format == format
    assert dataset.to_table(columns=["color", "gene"]).to_pylist() == [{"color": "10", "gene": "x"}]
    gidx.write_gff(dataset, tmp_path / "b.gff")
    assert gidx.read_gff(tmp_path / "b.gff")["color"].tolist() == ["10"]


def test_columns_are_keys_in_order_of_first_appearance():
    rows = gff_row("b=1;a=2") + b"# a comment\n" + gff_row("c=1;a=1,2") + b"##FASTA\n>c d=1\nACGT\n"
    gff = from_head(Head("x", VERSION["gff3"], rows))
    assert [(k.key, k.listed) for k in gff.keys] == [("b", False), ("a", True), ("c", False)]


def test_attributes_asked_for_are_the_columns():
    rows = gff_row("b=1;a=2;tag=x,y")
    names = [f.name for f in from_head(Head("x", b"", rows), attributes=["tag", "z"]).named(
        "canonical")]  # fmt: skip
    assert names[8:] == ["tag", "z", "attributes"]
    gff = from_head(Head("x", b"", rows), attributes=["tag", "z"])
    assert [k.listed for k in gff.keys] == [True, False]
    table, _ = read(rows, gff)
    assert table.to_pylist()[0]["attributes"] == [("b", ["1"]), ("a", ["2"])]
    assert from_head(Head("x", b"", rows), attributes=[]).keys == ()
    with pytest.raises(TypeError, match="attributes is the text 'ID'; expected a list of names"):
        from_head(Head("x", b"", rows), attributes="ID")


def test_a_key_that_is_named_like_a_column_gets_a_number():
    rows = gff_row("source=1;end=2;attributes=3;seqid=4;phase=5")
    gff = from_head(Head("x", b"", rows))
    names = ["source_2", "end_2", "attributes_2", "seqid", "phase_2"]
    assert [f.name for f in gff.named("canonical")[8:-1]] == names
    assert gff.named("native")[11].name == "seqid_2"
    assert gff.named("canonical")[8].metadata == {b"attribute": b"source"}
    assert gff.metadata["attribute_names"] == {
        "source_2": "source", "end_2": "end", "attributes_2": "attributes", "phase_2": "phase",
    }  # fmt: skip
    assert read(rows, gff, ["end_2", "end"])[0].to_pylist() == [{"end_2": "2", "end": 20}]


def test_the_header_is_kept_and_tells_chroms():
    header = (
        b"##gff-version 3.1.26\n#!processor NCBI\n##sequence-region chr1 1 1000\n"
        b"##sequence-region  chr2  50  80 \n##sequence-region chr3 1 x\n"
    )
    gff = from_head(Head("x", header, b""))
    assert dict(gff.chroms) == {"chr1": 1000, "chr2": None}
    assert gff.metadata["gff_header"] == gff.header == header.decode()
    assert gff.metadata["gff_version"] == "3.1.26"
    assert gff.info()["version"] == "3.1.26"


def test_fields_say_what_columns_are():
    gff = from_head(Head("x", b"", gff_row("ID=1;Parent=2;start=3")))
    rows = gff.fields().to_pylist()
    assert [r["name"] for r in rows] == [f.name for f in gff.named("canonical")]
    assert [(r["declared_name"], r["number"]) for r in rows][8:] == [
        ("ID", "1"), ("Parent", "."), ("start", "1"), ("attributes", "."),
    ]  # fmt: skip
    assert rows[0]["declared_name"] == "seqid"


def test_only_fields_that_are_asked_for_are_split():
    gff = from_head(Head("x", b"", gff_row("ID=1")))
    columns = [f.name for f in gff.named("canonical")]
    wants = {name: gff.reader([i], "canonical").want for i, name in enumerate(columns)}
    assert wants == {"chrom": 0, "start": 0, "end": 0, "source": 2, "type": 3, "score": 6,
                     "strand": 7, "phase": 8, "ID": 9, "attributes": 9}  # fmt: skip
    assert gff.reader([0, 2], "native").want == 3  # seqid, type


def test_a_dialect_can_be_pickled():
    row = gff_row("ID=1;x=2")
    gff = from_head(Head("x", b"", row))
    expected = read(row, gff)[0]
    assert read(row, pickle.loads(pickle.dumps(gff)))[0] == expected


# ── real files, those of $GIDX_CORPUS/tabix ─────────────────────────────────────────────────────

FILES = {  # name: rows, kind
    "test.gff3.gz": (241, "gff3"),
    "oxbow_sample.sorted.gff.gz": (20, "gff3"),
    "oxbow_sample.sorted.gtf.gz": (20, "gtf"),
    "example.gtf.gz": (237, "gtf"),
    "gff_file.gff": (62, "gff3"),
}
files = pytest.mark.parametrize("file", FILES)


def plain_rows(path):
    """Fields of all rows."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [r.split("\t") for r in text.decode().splitlines() if r and not r.startswith("#")]


@files
def test_a_real_file_reads_as_its_fields_say(corpus, file):
    path = corpus / "tabix" / file
    rows = plain_rows(path)
    dataset = gidx.open(path)
    table = dataset.to_table()
    count, kind = FILES[file]
    assert (len(rows), len(table)) == (count, count)
    native = dataset.to_table(names="native")
    fixed = ["seqid", "source", "type", "start", "end", "score", "strand", "phase"]
    if kind == "gtf":
        fixed = ["seqname", "source", "feature", "start", "end", "score", "strand", "frame"]
    assert native.schema.names[:8] == fixed
    for f, name in enumerate(fixed):
        missing = None if name != "strand" else "."
        made = {"start": int, "end": int, "score": float, "phase": int, "frame": int}.get(name, str)
        expected = [missing if r[f] == "." else made(r[f]) for r in rows]
        assert native[name].to_pylist() == expected, name
    found = [READERS[kind](r[8]) for r in rows]
    for field in list(table.schema)[8:-1]:
        key = field.metadata[b"attribute"].decode()
        value = as_list if pa.types.is_list(field.type) else as_text
        assert table[field.name].to_pylist() == [value(f, key) for f in found], key
    assert table["attributes"].to_pylist() == [as_map(f, table.schema.names[8:]) for f in found]
    whole = gidx.open(path, attributes=[]).to_table(columns=["attributes"])
    assert whole["attributes"].to_pylist() == [as_map(f) for f in found]


@files
def test_a_real_file_reads_as_oxbow_does(corpus, file):
    """But for three things:

    * oxbow reads GFF3's strand ``.`` as missing; gidx tells it from ``?`` and keeps it.
    * oxbow's scores are float32, so 0.987 is 0.98699999; gidx's are float64.
    * In test.gff3.gz a tab follows a Note; oxbow takes it for part of the value, where
      by the specification it ends the field.
    """
    oxbow = pytest.importorskip("oxbow")
    path = corpus / "tabix" / file
    table = gidx.open(path).to_table()
    listed = [(f.name, pa.types.is_list(f.type)) for f in list(table.schema)[8:-1]]
    given = [(name, "Array" if many else "String") for name, many in listed]
    opened = (oxbow.from_gtf if "gtf" in file else oxbow.from_gff)(str(path), attribute_defs=given)
    batches = [pa.record_batch(batch) for batch in opened.batches()]
    other = pa.Table.from_batches(batches)
    assert pc.add(table["start"], 1).to_pylist() == other["start"].to_pylist()
    for ours, theirs in {"chrom": "seqid", "end": "end", "source": "source", "type": "type",
                         "phase": "frame"}.items():  # fmt: skip
        found, expected = table[ours].to_pylist(), other[theirs].to_pylist()
        assert [v if v is None else str(v) for v in found] == [
            v if v is None else str(v) for v in expected
        ], ours
    assert table["score"].cast(pa.float32()).to_pylist() == other["score"].to_pylist()
    strands = [None if s == "." else s for s in table["strand"].to_pylist()]
    assert strands == [None if s == "." else s for s in other["strand"].to_pylist()]
    for name, many in listed:
        expected = pc.struct_field(other["attributes"], name).to_pylist()
        if many:
            expected = [v and [item.rstrip("\t") for item in v] for v in expected]
        assert table[name].to_pylist() == expected, name


@files
def test_a_real_file_reads_as_polars_bio_does(corpus, file):
    """But for repeated keys: polars-bio has several entries of a key, gidx one with a list."""
    polars_bio = pytest.importorskip("polars_bio", reason="polars-bio comes with gidx[bench]")
    path = corpus / "tabix" / file
    read = polars_bio.read_gtf if "gtf" in file else polars_bio.read_gff
    other = read(str(path), use_zero_based=True)
    table = gidx.open(path, attributes=[]).to_table()
    for name in ("chrom", "start", "end", "source", "type", "strand", "phase"):
        assert table[name].to_pylist() == other[name].to_list(), name
    for ours, theirs in zip(
        table["attributes"].to_pylist(), other["attributes"].to_list(), strict=True
    ):
        merged: dict[str, list[str]] = {}
        for pair in theirs:
            merged.setdefault(pair["tag"], []).append(pair["value"])
        assert {k: ",".join(v) for k, v in ours} == {k: ",".join(v) for k, v in merged.items()}


@pytest.mark.parametrize("file", [f for f in FILES if f.endswith(".gz")])
def test_a_query_of_some_columns_is_the_whole_filtered(corpus, file):
    path = corpus / "tabix" / file
    table = gidx.open(path).to_table()
    last = table.slice(len(table) // 2, 1).to_pylist()[0]
    region = (last["chrom"], last["start"], last["end"])
    key = table.schema.names[9]
    found = gidx.open(path).to_table([region], columns=["start", key, "attributes"])
    mask = pc.and_(pc.less(table["start"], region[2]), pc.greater(table["end"], region[1]))
    mask = pc.and_(mask, pc.equal(table["chrom"].cast(pa.string()), region[0]))
    assert found.to_pylist() == table.filter(mask).select(["start", key, "attributes"]).to_pylist()


@pytest.mark.parametrize("kind", ["gff3", "gtf"])
def test_a_tenth_field_is_not_passed_over_in_silence(kind):
    attributes = {"gff3": "ID=a", "gtf": 'gene_id "a";'}[kind]
    row = f"1\t.\tgene\t1\t5\t.\t+\t.\t{attributes}"
    for behind in ("", "\t", "\t \t"):  # tabs at the end say nothing
        assert gidx.open(f"{row}\n{row}{behind}\n".encode()).count_rows() == 2
    with pytest.warns(gidx.GidxWarning, match="nine fields of GFF; .* first 'chr2.t5'"):
        gidx.open(f"{row}\n{row}\tchr2\t5\n".encode())


def test_a_number_that_is_none_says_how_its_text_is_kept():
    rows = b"##gff-version 3\nchr1\t.\tgene\t5\t9\thigh\t+\t.\tID=g\n"
    with pytest.warns(gidx.ValueWarning, match=r"'high' \(types=\{'score': 'string'\} keeps"):
        gidx.read_gff(rows)
    assert gidx.read_gff(rows, types={"score": "string"})["score"].tolist() == ["high"]
