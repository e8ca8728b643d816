"""Files behind URLs: how many requests and bytes a question takes, and what goes wrong."""

from __future__ import annotations

import os
import pickle
import random
import socket
import subprocess
import sys
import time
import traceback
import warnings
import zipfile

import fsspec
import numpy as np
import pytest
from tests.support import tabix_files
from tests.support.server import serving

import gidx
from gidx.errors import (
    FormatError,
    GidxError,
    MissingIndexError,
    RemoteError,
    RemoteNotFoundError,
    RemotePermissionError,
)
from gidx.ground.source import PAGE

pytest.importorskip("aiohttp", reason="https needs aiohttp: pip install 'gidx[http]'")

SECRET = "s3cr3t"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of some MB that do not compress well, with their indexes."""
    folder = tmp_path_factory.mktemp("remote")
    r = random.Random(1)
    rows = [("chr1", i * 20, i * 20 + 30, f"{r.getrandbits(160):x}") for i in range(120_000)]
    lines = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    tabix_files.write(folder / "a.bed.gz", lines)
    head = "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=9000000>\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    lines = "".join(f"{c}\t{s + 1}\t{n}\tA\tC\t.\t.\t.\n" for c, s, _, n in rows)
    tabix_files.write(folder / "a.vcf.gz", head + lines, "vcf", csi=True)
    frame = gidx.read_bed(folder / "a.bed.gz", schema="bed4")
    gidx.write_bigbed(frame, folder / "a.bb", {"chr1": 9_000_000}, items_per_slot=256)
    (folder / "a.bed").write_text(lines[:0] + "".join("\t".join(map(str, r)) + "\n" for r in rows))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def wanted(table):
    return table.num_rows, table["start"][0].as_py()


REGION = ("chr1", 1_000_000, 1_001_000)
EXPECTED = (51, 999_980)


class TestBudgets:
    @pytest.mark.parametrize("name", ["a.bb", "a.bed.gz", "a.vcf.gz"])
    def test_opening_takes_three_requests_and_a_region_two_more(self, files, name):
        with serving(files) as server:
            dataset = gidx.open(server.url + name)
            opened = len(server.requests)
            assert opened <= 3
            # a page, an index, and for BED the rows that tell its types
            assert sum(server.sent) < 1_000_000 < len(files[name]) / 3
            server.forget()
            found = dataset.to_table(REGION)
            assert wanted(found) == ((50, 1_000_000) if name == "a.vcf.gz" else EXPECTED)
            assert len(server.requests) <= 2
            assert sum(server.sent) < 700_000
            assert not any(span == "HEAD" for _, span in server.requests)

    def test_many_regions_are_few_requests_at_once(self, files):
        with serving(files) as server:
            dataset = gidx.open(server.url + "a.bb")
            server.forget()
            asked = [("chr1", at, at + 100) for at in range(0, 2_400_000, 240_000)]
            assert dataset.to_table(asked).num_rows == 59
            assert len(server.requests) <= 12
            assert sum(server.sent) < 1_500_000

    @pytest.mark.parametrize("name", ["a.bb", "a.bed.gz", "a.vcf.gz", "a.bed"])
    def test_a_scan_reads_each_byte_about_once(self, files, name):
        with serving(files) as server:
            dataset = gidx.open(server.url + name)
            assert dataset.chroms == {"chr1": 9_000_000} or name.startswith("a.bed")
            server.forget()
            assert dataset.to_table().num_rows == 120_000
            assert sum(server.sent) < 1.2 * len(files[name])

    @pytest.mark.parametrize("name", ["a.bed.gz", "a.vcf.gz", "a.bed"])
    def test_a_scan_without_an_index_reads_each_byte_once_though_chroms_come_first(
        self, files, name
    ):
        with serving({name: files[name]}) as server:
            dataset = gidx.open(server.url + name)
            server.forget()
            assert dataset.to_table(columns=["start"]).num_rows == 120_000
            assert sum(server.sent) <= 1.05 * len(files[name])
            server.forget()
            assert sum(batch.num_rows for batch in dataset.scan()) == dataset.count_rows()
            assert server.requests == []  # it is kept while it is open

    def test_what_is_too_large_to_be_kept_is_read_again(self, files, monkeypatch):
        monkeypatch.setattr(gidx.limits, "cache", 1_000_000)
        with serving({"a.bed.gz": files["a.bed.gz"]}) as server:
            dataset = gidx.open(server.url + "a.bed.gz")
            assert dataset.count_rows() == dataset.to_table().num_rows == 120_000
            assert sum(server.sent) > 1.9 * len(files["a.bed.gz"])

    @pytest.mark.parametrize("name", ["a.bb", "a.bed.gz", "a.vcf.gz", "a.bed"])
    def test_the_first_rows_take_a_block_or_two(self, files, name):
        with serving(files) as server:
            dataset = gidx.open(server.url + name)
            server.forget()
            assert dataset.head(3)["start"].to_pylist() == [0, 20, 40]
            assert sum(server.sent) <= 3 * PAGE

    def test_a_region_without_an_index_is_refused_before_anything_is_read(self, files):
        with serving({"a.bed.gz": files["a.bed.gz"]}) as server:
            dataset = gidx.open(server.url + "a.bed.gz")
            server.forget()
            for ask in (dataset.to_table, dataset.count_rows, dataset.scan, dataset.head):
                with pytest.raises(MissingIndexError, match="no index beside it"):
                    ask(*([3] if ask == dataset.head else []), regions="chr1:1-5")
            assert server.requests == []

    def test_a_worker_that_gets_the_file_opens_it_without_a_request_for_its_size(self, files):
        with serving(files) as server:
            dataset = gidx.open(server.url + "a.bb")
            task = pickle.dumps((dataset, dataset.partitions(5)[2]))
            server.forget()
            for _ in range(5):
                again, piece = pickle.loads(task)
            first = len(server.requests)
            assert again.to_table(piece).num_rows > 20_000
            assert first <= 3

    def test_a_fork_reads_too(self, files):
        if not hasattr(os, "fork"):
            pytest.skip("this system has no fork")
        program = (
            "import os, sys, gidx\n"
            "ds = gidx.open(sys.argv[1])\n"
            "child = os.fork()\n"
            "n = ds.count_rows(('chr1', 0, 1000))\n"
            "if child == 0: os._exit(0 if n == 50 else 1)\n"
            "sys.exit(os.waitpid(child, 0)[1] or n != 50)\n"
        )
        with serving(files) as server:
            words = [sys.executable, "-W", "ignore", "-c", program, server.url + "a.bb"]
            assert subprocess.run(words, timeout=60, check=False).returncode == 0


class TestAddresses:
    def test_the_index_of_a_signed_url_is_named_before_the_query(self, files):
        with serving(files) as server:
            dataset = gidx.open(server.url + f"a.bed.gz?sig={SECRET}%2Fx%2B&e=1")
            assert wanted(dataset.to_table(REGION)) == EXPECTED
            paths = {path for path, _ in server.requests}
            # sent as it was given, with its escapes
            query = f"?sig={SECRET}%2Fx%2B&e=1"
            assert paths == {f"/a.bed.gz{query}", f"/a.bed.gz.tbi{query}"}

    def test_the_index_may_be_elsewhere(self, files):
        there = {"data": files["a.bed.gz"], "other.tbi": files["a.bed.gz.tbi"]}
        with serving(there) as server:
            data, index = server.url + "data?a=1", server.url + "other.tbi?b=2"
            assert wanted(gidx.open(data, index=index).to_table(REGION)) == EXPECTED
            assert wanted(gidx.open(f"{data}##idx##{index}").to_table(REGION)) == EXPECTED
            with pytest.raises(TypeError, match="named twice"):
                gidx.open(f"{data}##idx##{index}", index=index)

    def test_a_local_file_may_name_its_index_too(self, files, tmp_path):
        (tmp_path / "data.gz").write_bytes(files["a.bed.gz"])
        (tmp_path / "i.tbi").write_bytes(files["a.bed.gz.tbi"])
        both = f"{tmp_path}/data.gz##idx##{tmp_path}/i.tbi"
        assert wanted(gidx.open(both).to_table(REGION)) == EXPECTED
        assert len(gidx.read_bed(both, REGION)) == 51

    def test_nothing_that_is_a_key_is_shown(self, files):
        with serving({"a.bed.gz": files["a.bed.gz"], "a.bb": files["a.bb"]}) as server:
            login = server.url.replace("://", f"://me:{SECRET}@")
            for name in ("a.bed.gz", "a.bb"):
                dataset = gidx.open(f"{login}{name}?token={SECRET}#x")
                shown = [repr(dataset), str(dataset), dataset._repr_html_(), str(dataset.info())]
                shown += [dataset.path, repr(dataset._format.source)]
                for ask in ("chr9", "chr1:1-5", "chr1:5"):
                    try:
                        dataset.to_table(ask, columns=["no"])
                    except GidxError as error:
                        shown += traceback.format_exception(error)
                assert SECRET not in "\n".join(shown)
                assert any("/a.b" in one for one in shown)
            assert any(got.get("Authorization") for got in server.got)
            for name in ("none.bb", "page", "broken"):
                server.answers = lambda path, _: {
                    "pag": (200, {"Content-Type": "text/html"}, b"<html>"),
                    "bro": (500, {}, b""),
                }.get(path[1:4])
                with pytest.raises(RemoteError) as caught:
                    gidx.open(f"{login}{name}?token={SECRET}")
                said = "".join(traceback.format_exception(caught.value))
                assert SECRET not in said
                assert name in caught.value.url


class TestWhatGoesWrong:
    def answers(self, files, what, name="a.bed.gz"):
        with serving(files, answers=lambda *_: what) as server:
            gidx.open(server.url + name)

    def test_each_has_its_own_words(self, files):
        with pytest.raises(RemoteNotFoundError, match=r"/none\.gz: there is no such file"), \
                serving(files) as server:  # fmt: skip
            gidx.open(server.url + "none.gz")
        with pytest.raises(RemotePermissionError, match=r"does not allow it \(403\)"):
            self.answers(files, (403, {}, b""))
        with pytest.raises(RemotePermissionError, match=r"\(401\); a login"):
            self.answers(files, (401, {}, b""))
        with pytest.raises(RemoteError, match="a web page instead of the file"):
            self.answers(files, (200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype"))
        with pytest.raises(FormatError, match="a web page or XML"):
            self.answers(files, (200, {}, b"<!doctype html><html>log in</html>"))
        with pytest.raises(RemoteError, match=r"answers 503 \(Service Unavailable\), 4 times"):
            self.answers(files, (503, {}, b""))
        with pytest.raises(RemoteError, match=r"answers with 'bytes 5-9/10'"):
            self.answers(files, (206, {"Content-Range": "bytes 5-9/10"}, b"12345"))
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            with pytest.raises(RemoteError, match=f"127.0.0.1:{port} refuses the connection"):
                gidx.open(f"http://127.0.0.1:{port}/a.bb")

    def test_an_index_that_may_not_be_read_is_none(self, files):
        """S3 says so of what is not there, where it may not be listed."""
        forbidden = lambda path, _: (403, {}, b"") if "bi" in path[-4:] or "csi" in path else None  # noqa: E731
        with serving(files, answers=forbidden) as server:
            assert gidx.open_bed(server.url + "a.bed.gz").index is None

    @pytest.mark.parametrize("fault", ["cut", "429", "503"])
    def test_what_may_pass_is_asked_again(self, files, fault):
        """Each third answer is a fault; all rows come."""
        data = files["a.bed.gz"]

        def answer(path, asked):
            if asked % 3 or not path.endswith("gz"):
                return None
            if fault == "cut":
                told = {"Content-Range": f"bytes 0-9/{len(data)}", "Content-Length": "10"}
                return 206, told, data[:5]
            return int(fault), {"Retry-After": "0"}, b""

        with serving(files, answers=answer) as server:
            dataset = gidx.open(server.url + "a.bed.gz")
            assert dataset.to_table(threads=1).num_rows == 120_000
            assert len(server.requests) < 40

    def test_attempts_are_bounded(self, files):
        with serving(files, answers=lambda *_: (503, {}, b"")) as server:
            with pytest.raises(RemoteError):
                gidx.open(server.url + "a.bb")
            assert len(server.requests) == 4

    @pytest.mark.parametrize("change", ["tag", "size"])
    def test_a_file_that_changes_while_it_is_read_is_an_error(self, files, change):
        there = dict(files)
        with serving(there, headers={"ETag": '"one"'}) as server:
            dataset = gidx.open(server.url + "a.bb")
            data = pickle.dumps(dataset)
            kept = pickle.loads(data)
            if change == "tag":
                server.headers["ETag"] = '"two"'
            else:
                there["a.bb"] += bytes(9)
            for one in (dataset, kept):
                with pytest.raises(RemoteError, match="has changed since it was opened"):
                    one.to_table(REGION)
            with pytest.raises(RemoteError, match="has changed"):  # as for any worker
                pickle.loads(data)
            there["a.bb"] = files["a.bb"]
            assert gidx.open(server.url + "a.bb").count_rows() == 120_000

    def test_gzip_on_the_way_is_left_as_it_is(self, files):
        for name in ("a.bed.gz", "a.vcf.gz"):
            with serving(files, headers={"Content-Encoding": "gzip"}) as server:
                assert gidx.open(server.url + name).count_rows(REGION) in {50, 51}

    @pytest.mark.parametrize("name", ["a.bed", "a.bed.gz"])
    def test_a_size_that_the_server_does_not_tell_is_that_of_all(self, files, name):
        """The first range was once taken for the file: of a text, lines were lost in silence."""
        lines = files["a.bed"].splitlines(keepends=True)
        there = {"a.bed": b"".join(line[:31] + b"\n" for line in lines if len(line) > 31)}
        there["a.bed.gz"] = files["a.bed.gz"]
        with serving(there, total="*") as server:
            with pytest.warns(UserWarning, match="does not send ranges"):
                dataset = gidx.open(server.url + name)
            assert dataset.to_table().num_rows == gidx.open(there[name]).to_table().num_rows

    @pytest.mark.parametrize(
        ("how", "said"), [({"total": "70000"}, "0-131071/70000"), ({"most": 1000}, "0-999/")]
    )
    def test_a_server_that_contradicts_itself_or_sends_less_is_told(self, files, how, said):
        with serving(files, **how) as server:
            for name in ("a.bed", "a.bb"):
                with pytest.raises(RemoteError, match=f"the server answers with 'bytes {said}"):
                    gidx.open(server.url + name)

    def test_an_empty_file_is_said_to_be_empty(self):
        with serving({"a.bb": b""}) as server, pytest.raises(FormatError, match="is empty"):
            gidx.open(server.url + "a.bb")

    def test_a_file_smaller_than_a_page_is_one_request(self):
        with serving({"a.bed": b"chr1\t1\t2\n"}) as server:
            assert gidx.open(server.url + "a.bed").to_table().num_rows == 1
            assert len(server.requests) == 1


class TestWithoutRanges:
    def test_a_large_file_is_downloaded_once_and_that_is_said_once(self, files):
        with serving(files, ranges=False) as server:
            with pytest.warns(gidx.errors.GidxWarning, match="does not send ranges") as told:
                dataset = gidx.open(server.url + "a.bb")
            assert len(told) == 1
            for at in range(0, 2_000_000, 100_000):
                assert dataset.count_rows(("chr1", at, at + 100)) > 0
            assert server.sent == [len(files["a.bb"])]  # the answer that a range was asked for

    def test_with_a_cache_it_is_downloaded_once_for_all_processes(self, files, tmp_path):
        with serving(files, ranges=False, headers={"ETag": '"one"'}) as server:
            with pytest.warns(gidx.errors.GidxWarning, match="once, and kept in the folder"):
                first = gidx.open(server.url + "a.bb", cache=tmp_path).to_table(REGION)
            server.forget()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                again = gidx.open(server.url + "a.bb", cache=tmp_path)
            assert again.to_table(REGION).equals(first)
            assert [span for _, span in server.requests] == [f"bytes=0-{PAGE - 1}"]
            server.headers["ETag"] = '"two"'
            with pytest.warns(gidx.errors.GidxWarning, match="does not send ranges"):
                gidx.open(server.url + "a.bb", cache=tmp_path)

    def test_what_the_cache_may_not_hold_is_downloaded_each_time(
        self, files, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(gidx.limits, "cache", 1_000_000)
        with serving(files, ranges=False) as server:
            for _ in range(2):
                with pytest.warns(gidx.errors.GidxWarning, match="does not send ranges"):
                    dataset = gidx.open(server.url + "a.bb", cache=tmp_path)
                assert wanted(dataset.to_table(REGION)) == EXPECTED
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_a_download_that_is_cut_leaves_nothing_open(self, files):
        cut = {"Content-Length": str(2 * len(files["a.bb"]))}
        with serving(files, ranges=False, headers=cut) as server:
            with (
                pytest.warns(gidx.errors.GidxWarning, match="does not send ranges"),
                pytest.raises(RemoteError, match="the connection was cut"),
            ):
                gidx.open(server.url + "a.bb")
            assert len(server.requests) == 1

    def test_a_small_file_needs_no_warning(self, files):
        with serving({"a.bed": b"chr1\t1\t2\n" * 9}, ranges=False) as server:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert gidx.open(server.url + "a.bed").count_rows() == 9
            assert len(server.requests) == 1


class TestCache:
    def test_blocks_that_were_read_are_not_asked_for_again(self, files, tmp_path):
        with serving(files, headers={"ETag": '"one"'}) as server:
            for name in ("a.bb", "a.vcf.gz"):
                url = server.url + name
                first = gidx.open(url, cache=tmp_path).to_table(REGION)
                server.forget()
                assert gidx.open(url, cache=tmp_path).to_table(REGION).equals(first)
                # the first page of data and index, which say what the file is
                assert all(span.startswith("bytes=0-") for _, span in server.requests)
                assert len(server.requests) <= 3
                read = gidx.read(url, REGION, cache=str(tmp_path))
                assert len(read) == first.num_rows

    def test_several_regions_of_a_cached_file_are_asked_for_at_once(self, files, tmp_path):
        under_way, most = [], []

        def slow(path, asked):
            under_way.append(asked)
            most.append(len(under_way))
            time.sleep(0.01)
            under_way.pop()

        with serving(files, answers=slow) as server:
            dataset = gidx.open(server.url + "a.bb", cache=tmp_path)
            del most[:]
            asked = [("chr1", at, at + 100) for at in range(0, 2_400_000, 600_000)]
            assert dataset.to_table(asked).num_rows == 23
            assert max(most) > 1

    def test_the_command_line_has_it_too(self, files, tmp_path, run):
        with serving(files, headers={"ETag": '"one"'}) as server:
            url = server.url + "a.bb"
            query = ("query", url, "chr1:1,000,001-1,001,000", "--count", "--cache", str(tmp_path))
            assert run(*query)[:2] == (0, b"51\n")
            server.forget()
            target = str(tmp_path / "a.bed")
            told = ("convert", url, target, "--region", "chr1:1,000,001-1,001,000")
            assert run(*told, "--cache", str(tmp_path))[0] == 0
            assert all(span.startswith("bytes=0-") for _, span in server.requests)

    def test_another_version_has_blocks_of_its_own(self, files, tmp_path):
        rows = [("chr1", i * 20, i * 20 + 30, "n") for i in range(120_000)]
        there = dict(files)
        with serving(there, headers={"ETag": '"one"'}) as server:
            before = gidx.open(server.url + "a.bb", cache=tmp_path).to_table(REGION)
            frame = gidx.read_bed(b"".join(b"%s\t%d\t%d\t%s\n" % (c.encode(), s, e, n.encode())
                                           for c, s, e, n in rows))  # fmt: skip
            gidx.write_bigbed(frame, tmp_path / "new.bb", {"chr1": 9_000_000})
            there["a.bb"] = (tmp_path / "new.bb").read_bytes()
            server.headers["ETag"] = '"two"'
            after = gidx.open(server.url + "a.bb", cache=tmp_path).to_table(REGION)
            assert set(after["name"].to_pylist()) == {"n"} != set(before["name"].to_pylist())

    def test_the_folder_is_bounded(self, files, tmp_path):
        before = gidx.limits.cache
        gidx.limits.cache = 2_000_000
        try:
            with serving(files) as server:
                dataset = gidx.open(server.url + "a.bb", cache=tmp_path)
                assert dataset.to_table().num_rows == 120_000
                kept = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
                assert 500_000 < sum(kept) <= 2_000_000 < len(files["a.bb"])
                assert dataset.to_table().num_rows == 120_000
        finally:
            gidx.limits.cache = before

    @pytest.mark.parametrize("ranges", [True, False])
    @pytest.mark.parametrize("how", ["cut", "longer", "another"])
    def test_what_is_damaged_in_it_is_fetched_anew(self, files, tmp_path, how, ranges):
        """Of plain text a byte that has changed was read, and half of a file was all of it."""
        change = {
            "cut": lambda data: data[: len(data) // 2],
            "longer": lambda data: data + b"x",
            "another": lambda data: data[:9] + bytes([data[9] ^ 1]) + data[10:],
        }[how]
        text = b"".join(b"chr1\t%d\t%d\tabcd\n" % (i, i + 1) for i in range(20_000))
        with serving({**files, "a.bed": text}, ranges=ranges) as server, \
                warnings.catch_warnings():  # fmt: skip
            warnings.simplefilter("ignore")
            for name in ("a.bb", "a.bed"):
                whole = gidx.open(server.url + name, cache=tmp_path).to_table()
                kept = [path for path in tmp_path.rglob("*") if path.is_file()]
                for path in kept[::2] if ranges else [p for p in kept if p.name == "whole"]:
                    path.write_bytes(change(path.read_bytes()))
                assert gidx.open(server.url + name, cache=tmp_path).to_table().equals(whole)


def test_ranges_over_http_are_those_of_the_bytes(files):
    data = files["a.bed.gz"]
    r = random.Random(5)
    with serving(files) as server:
        source = gidx.ground.source.RemoteSource(server.url + "a.bed.gz")
        for _ in range(60):
            spans = []
            for _ in range(r.randint(1, 5)):
                begin = r.choice([r.randrange(len(data)), r.randrange(3) * PAGE, PAGE - 1])
                spans.append([begin, min(begin + r.choice([0, 1, 5, 70_000, 400_000]), len(data))])
            found = source.read_many(np.array(spans, "u8"))
            assert [bytes(piece) for piece in found] == [data[a:b] for a, b in spans]
            begin, end = spans[0]
            assert source.read(begin, end - begin) == data[begin:end]
            if r.random() < 0.2:
                source.expect(begin, end)
        with pytest.raises(FormatError, match="truncated"):
            source.read(len(data) - 3, 4)


# ── names ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["a b", "é", "a#b", "a?b", "a%20b", "a+b&c;d", "a[1]{2}", "a::b"])
def test_a_file_and_its_index_may_have_any_name(files, tmp_path, name):
    """`#` and `?` are part of a name but in http; Path.as_uri writes names with percents."""
    fs = fsspec.filesystem("memory")
    for end in ("", ".tbi"):
        (tmp_path / f"{name}.bed.gz{end}").write_bytes(files[f"a.bed.gz{end}"])
        fs.pipe(f"/{name}.bed.gz{end}", files[f"a.bed.gz{end}"])
    path = tmp_path / f"{name}.bed.gz"
    urls = [path, f"file://{path}", path.as_uri(), f"FILE://localhost{path}"]
    if "::" not in name:  # which parts a chain of fsspec's
        urls.append(f"memory://{name}.bed.gz")
    for url in urls:
        assert gidx.open(url).count_rows(REGION) in {50, 51}


def test_a_file_in_a_zip_has_its_index_there(files, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for end in ("", ".tbi"):
            made.writestr(f"a.bed.gz{end}", files[f"a.bed.gz{end}"])
    data = (tmp_path / "a.zip").read_bytes()
    with serving({"a.zip": data, **files}) as server:
        for url in (
            f"zip://a.bed.gz::{tmp_path}/a.zip", f"zip://a.bed.gz::{server.url}a.zip",
            f"simplecache::zip://a.bed.gz::{server.url}a.zip", f"simplecache::{server.url}a.bed.gz",
        ):  # fmt: skip
            assert gidx.open(url).count_rows(REGION) in {50, 51}


def test_a_kind_of_url_that_nobody_knows_is_said():
    with pytest.raises(RemoteError, match=r"nothing://host/a\.bb: Protocol not known: nothing"):
        gidx.open("nothing://host/a.bb")
