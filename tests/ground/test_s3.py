"""S3, as moto plays it on this machine: requests and bytes, logins, what is not there."""

from __future__ import annotations

import random

import pytest
from tests.support import tabix_files

import gidx
from gidx.errors import RemoteError, RemoteNotFoundError, RemotePermissionError

moto = pytest.importorskip("moto.server", reason="moto plays S3: pip install gidx[s3-test]")
s3fs = pytest.importorskip("s3fs", reason="S3 is read by s3fs: pip install gidx[s3-test]")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """Options to reach a bucket, its requests, and the rows in its files."""
    from botocore.session import Session
    from werkzeug.serving import WSGIRequestHandler

    asked = []

    class Handler(WSGIRequestHandler):
        def log_request(self, code="-", size="-"):
            asked.append((self.command, self.path, self.headers.get("Range"), str(code)))

    folder = tmp_path_factory.mktemp("s3")
    r = random.Random(1)
    lines = "".join(
        f"chr1\t{i * 20}\t{i * 20 + 30}\t{r.getrandbits(160):x}\n" for i in range(60_000)
    )
    tabix_files.write(folder / "a.bed.gz", lines)
    gidx.write_bigbed(gidx.read_bed(folder / "a.bed.gz"), folder / "a.bb", {"chr1": 2_000_000})
    server = moto.ThreadedMotoServer("127.0.0.1", 0)
    server._server_ready = False
    server.start()
    host, port = server.get_host_and_port()
    server._server.RequestHandlerClass = Handler
    options = {
        "key": "test", "secret": "hidden",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"},
    }  # fmt: skip
    client = Session().create_client(
        "s3", aws_access_key_id="test", aws_secret_access_key="hidden", **options["client_kwargs"]
    )
    client.create_bucket(Bucket="data")
    for path in folder.iterdir():
        client.put_object(Bucket="data", Key=path.name, Body=path.read_bytes())
    yield options, asked, {path.name: path.stat().st_size for path in folder.iterdir()}, client
    server.stop()


REGION = ("chr1", 500_000, 501_000)


@pytest.mark.parametrize("name", ["a.bb", "a.bed.gz"])
def test_opening_takes_three_requests_and_a_region_two_more(bucket, name):
    options, asked, sizes, _ = bucket
    asked.clear()
    dataset = gidx.open(f"s3://data/{name}", storage_options=options)
    assert len(asked) <= 3
    asked.clear()
    assert dataset.count_rows(REGION) == 51
    assert len(asked) <= 2
    spans = [[int(x) for x in span[6:].split("-")] for _, _, span, _ in asked]
    assert sum(b - a + 1 for a, b in spans) < 600_000 < sizes[name]
    assert {command for command, *_ in asked} == {"GET"}
    assert "hidden" not in repr(dataset) + str(dataset.info())


def test_what_is_not_there_and_what_is_not_allowed(bucket):
    options, *_ = bucket
    with pytest.raises(RemoteNotFoundError, match=r"s3://data/none\.bb: there is no such file"):
        gidx.open("s3://data/none.bb", storage_options=options)
    nobody = {"client_kwargs": {"endpoint_url": "http://127.0.0.1:9"}, "key": "a", "secret": "b"}
    with pytest.raises((RemoteError, RemotePermissionError), match=r"s3://data/a\.bb: "):
        gidx.open(
            "s3://data/a.bb",
            storage_options={**nobody, "config_kwargs": {"retries": {"max_attempts": 0}}},
        )


def test_an_object_that_is_replaced_is_an_error(bucket):
    options, _, _, client = bucket
    body = client.get_object(Bucket="data", Key="a.bb")["Body"].read()
    client.put_object(Bucket="data", Key="b.bb", Body=body)
    dataset = gidx.open("s3://data/b.bb", storage_options=options)
    client.put_object(Bucket="data", Key="b.bb", Body=body[:-1] + b"\0")
    with pytest.raises(RemoteError, match=r"version \(ETag\) was"):
        dataset.to_table(REGION)


def test_an_empty_object_is_said_to_be_empty(bucket):
    options, _, _, client = bucket
    client.put_object(Bucket="data", Key="empty", Body=b"")
    with pytest.raises(gidx.errors.FormatError, match="is empty"):
        gidx.open("s3://data/empty", storage_options=options)


@pytest.mark.parametrize("name", ["a b", "é/ü", "a#b", "a?b", "a%20b", "a+b&c"])
def test_objects_have_any_name_and_so_their_indexes(bucket, name):
    options, _, _, client = bucket
    for end in ("", ".tbi"):
        body = client.get_object(Bucket="data", Key=f"a.bed.gz{end}")["Body"].read()
        client.put_object(Bucket="data", Key=f"{name}.bed.gz{end}", Body=body)
    dataset = gidx.open(f"s3://data/{name}.bed.gz", storage_options=options)
    assert dataset.count_rows(REGION) == 51


def test_a_version_of_an_object_is_read_by_the_index_of_today(bucket):
    options, _, _, client = bucket
    client.create_bucket(Bucket="old")
    client.put_bucket_versioning(Bucket="old", VersioningConfiguration={"Status": "Enabled"})
    index, data = (
        client.get_object(Bucket="data", Key=f"a.bed.gz{end}")["Body"].read()
        for end in (".tbi", "")
    )
    first = client.put_object(Bucket="old", Key="a.bed.gz", Body=data)["VersionId"]
    client.put_object(Bucket="old", Key="a.bed.gz.tbi", Body=index)
    client.put_object(Bucket="old", Key="a.bed.gz", Body=b"chr1\t1\t2\n")
    told = {**options, "version_aware": True}
    dataset = gidx.open(f"s3://old/a.bed.gz?versionId={first}", storage_options=told)
    assert dataset.count_rows(REGION) == 51
