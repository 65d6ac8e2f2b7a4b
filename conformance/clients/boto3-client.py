"""What boto3.test.ts runs: one program for each word on the command line, over boto3's own defaults.

The endpoint and the keys come from the environment. A failed assertion ends it with 1; the last line of a
run that went well is "ok".
"""

import filecmp
import hashlib
import io
import os
import ssl
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
BUCKET = "boto"


def connect(**config):
    config.setdefault("s3", {"addressing_style": "path"})
    config.setdefault("retries", {"max_attempts": 1})
    return boto3.client(
        "s3", endpoint_url=os.environ["ENDPOINT"], config=Config(**config)
    )


def urlopen(request):
    """Trusts what boto3 trusts."""
    context = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    return urllib.request.urlopen(request, context=context)


def content(size, seed):
    """Reproducible bytes that no compression would shrink."""
    block = b"".join(
        hashlib.sha256(f"{seed} {index}".encode()).digest() for index in range(2048)
    )
    return (block * (size // len(block) + 1))[:size]


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def objects(folder):
    s3 = connect()
    for size in (0, 1, 5 * MIB):
        body = content(size, "object")
        md5 = hashlib.md5(body).hexdigest()
        put = s3.put_object(
            Bucket=BUCKET,
            Key=f"sizes/{size}",
            Body=body,
            ContentType="text/x-py",
            CacheControl="no-store",
            Metadata={"colour": "blue", "long-name": "a  b"},
        )
        assert put["ETag"] == f'"{md5}"', put
        got = s3.get_object(Bucket=BUCKET, Key=f"sizes/{size}")
        assert got["Body"].read() == body
        assert got["ContentType"] == "text/x-py", got
        assert got["CacheControl"] == "no-store", got
        assert got["Metadata"] == {"colour": "blue", "long-name": "a  b"}, got
        head = s3.head_object(Bucket=BUCKET, Key=f"sizes/{size}")
        assert head["ContentLength"] == size and head["ETag"] == put["ETag"], head
    part = s3.get_object(Bucket=BUCKET, Key=f"sizes/{5 * MIB}", Range="bytes=-10")
    assert part["Body"].read() == content(5 * MIB, "object")[-10:]
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        name = f"Checksum{algorithm}"
        put = s3.put_object(
            Bucket=BUCKET, Key="sum", Body=b"summed", ChecksumAlgorithm=algorithm
        )
        head = s3.head_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
        assert head[name] == put[name], (put, head)
    # A stream of which the length is not known before it has been read.
    s3.upload_fileobj(io.BytesIO(content(3 * MIB, "stream")), BUCKET, "stream")
    down = io.BytesIO()
    s3.download_fileobj(BUCKET, "stream", down)
    assert down.getvalue() == content(3 * MIB, "stream")


def multipart(folder):
    s3 = connect()
    up, down = os.path.join(folder, "up"), os.path.join(folder, "down")
    with open(up, "wb") as file:
        file.write(content(23 * MIB + 7, "multipart"))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(up, BUCKET, "large/æ ø+å", Config=config)
    head = s3.head_object(Bucket=BUCKET, Key="large/æ ø+å")
    assert head["ETag"].endswith('-5"'), head
    s3.download_file(BUCKET, "large/æ ø+å", down, Config=config)
    assert filecmp.cmp(up, down, shallow=False)

    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="by/hand")
    address = {"Bucket": BUCKET, "Key": "by/hand", "UploadId": upload["UploadId"]}
    parts = []
    for number, size in ((7, 5 * MIB), (3, 5 * MIB), (9, 100)):
        body = content(size, f"part {number}")
        done = s3.upload_part(**address, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": done["ETag"]})
    listed = s3.list_parts(**address)["Parts"]
    assert [part["PartNumber"] for part in listed] == [3, 7, 9], listed
    order = sorted(parts, key=lambda part: part["PartNumber"])
    wrong = {"Parts": parts}
    refused = code_of(s3.complete_multipart_upload, **address, MultipartUpload=wrong)
    assert refused == "InvalidPartOrder", refused
    s3.complete_multipart_upload(**address, MultipartUpload={"Parts": order})
    got = s3.get_object(Bucket=BUCKET, Key="by/hand")["Body"].read()
    assert got == b"".join(
        content(size, f"part {number}")
        for number, size in ((3, 5 * MIB), (7, 5 * MIB), (9, 100))
    )
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="given/up")
    uploads = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    assert [entry["Key"] for entry in uploads] == ["given/up"], uploads
    s3.abort_multipart_upload(Bucket=BUCKET, Key="given/up", UploadId=upload["UploadId"])
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)


def listing(folder):
    s3 = connect()
    keys = sorted(
        [f"many/{index:02}" for index in range(25)]
        + ["a b/c", "a+b", "a%2Fb", "æ/ø", "z/<&>\"'", "tab\there"]
    )
    keys.sort(key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    for operation, sizes in (("list_objects_v2", (1000, 7)), ("list_objects", (1000, 7))):
        for size in sizes:
            pages = s3.get_paginator(operation).paginate(
                Bucket=BUCKET, PaginationConfig={"PageSize": size}
            )
            seen = [entry["Key"] for page in pages for entry in page["Contents"]]
            assert seen == keys, (operation, size, seen)
    page = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["a b/", "many/", "z/", "æ/"]
    assert [entry["Key"] for entry in page["Contents"]] == ["a%2Fb", "a+b", "tab\there"]
    resource = boto3.resource("s3", endpoint_url=os.environ["ENDPOINT"])
    assert len(list(resource.Bucket(BUCKET).objects.filter(Prefix="many/"))) == 25
    gone = s3.delete_objects(
        Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys[:5]], "Quiet": True}
    )
    assert "Errors" not in gone and "Deleted" not in gone, gone
    resource.Bucket(BUCKET).objects.all().delete()
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def markers(folder):
    """Folders as s3fs, Hadoop and the consoles make them: an object whose key ends with a slash."""
    s3 = connect()
    for body in (b"", b"not empty"):
        kind = {"ContentType": "application/x-directory", "Metadata": {"mode": "16877"}}
        put = s3.put_object(Bucket=BUCKET, Key="dir/", Body=body, **kind)
        s3.put_object(Bucket=BUCKET, Key="dir/file", Body=b"below")
        head = s3.head_object(Bucket=BUCKET, Key="dir/")
        assert {name: head[name] for name in kind} == kind, head
        assert head["ETag"] == put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"', (head, put)
        assert s3.get_object(Bucket=BUCKET, Key="dir/")["Body"].read() == body
        page = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")
        assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["dir/"], page
        page = s3.list_objects_v2(Bucket=BUCKET, Delimiter="/", Prefix="dir/")
        assert [entry["Key"] for entry in page["Contents"]] == ["dir/", "dir/file"], page
        assert page["Contents"][0]["ETag"] == put["ETag"], page
        assert code_of(s3.head_object, Bucket=BUCKET, Key="dir") == "404"
        s3.copy_object(Bucket=BUCKET, Key="copy/", CopySource={"Bucket": BUCKET, "Key": "dir/"})
        assert s3.head_object(Bucket=BUCKET, Key="copy/")["Metadata"] == kind["Metadata"]
        s3.delete_object(Bucket=BUCKET, Key="copy/")
        # The marker goes without what is below, and that without the marker.
        gone, left = ("dir/", "dir/file") if body else ("dir/file", "dir/")
        s3.delete_object(Bucket=BUCKET, Key=gone)
        page = s3.list_objects_v2(Bucket=BUCKET)
        assert [entry["Key"] for entry in page["Contents"]] == [left], page


def sharded(folder):
    """Keys in folders that are full, names that are too long, and names that differ by casing."""
    s3 = connect()
    long = "long name " * 40
    keys = [f"full/{n * 7:03}" for n in range(24)]
    keys += [f"full/{long}/{name}" for name in "abc"] + [f"full/{long}"]
    keys += ["full/Sub/a", "full/sub/a", "full/sub/b", "full/100", "full/100/a"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key)
    keys.sort()

    def names(method, **arguments):
        pages = s3.get_paginator(method).paginate(Bucket=BUCKET, **arguments)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    for method, after in [("list_objects", "Marker"), ("list_objects_v2", "StartAfter")]:
        for size in [5, 1000]:
            config = {"PageSize": size}
            assert names(method, PaginationConfig=config) == keys
            for at in range(0, len(keys), 5):
                beyond = {after: keys[at], "Prefix": "full/", "PaginationConfig": config}
                assert names(method, **beyond) == keys[at + 1 :], keys[at]
        for prefix in ["full/0", "full/1", f"full/{long}/", "full/sub/", "full/S"]:
            assert names(method, Prefix=prefix) == [
                key for key in keys if key.startswith(prefix)
            ], prefix
        prefixes = set()
        for page in s3.get_paginator(method).paginate(
            Bucket=BUCKET, Prefix="full/", Delimiter="/", PaginationConfig={"PageSize": 4}
        ):
            prefixes |= {each["Prefix"] for each in page.get("CommonPrefixes", [])}
        expected = {"full/100/", "full/Sub/", "full/sub/", f"full/{long}/"}
        assert prefixes == expected, prefixes
    for key in keys:
        assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert "CommonPrefixes" not in s3.list_objects_v2(Bucket=BUCKET, Delimiter="/")


def refusals(folder):
    """What is no key, no token and no number, by every call that takes one; and nothing comes of it."""
    s3 = connect()
    long = {"Bucket": BUCKET, "Key": "k" * 1025}
    just = {"Bucket": BUCKET, "Key": "æ" * 512}
    s3.put_object(**just, Body=b"just short enough")
    assert s3.get_object(**just)["Body"].read() == b"just short enough"
    for call in (s3.put_object, s3.get_object, s3.delete_object, s3.create_multipart_upload):
        assert code_of(call, **long) == "KeyTooLongError", call
    assert code_of(s3.head_object, **long) == "400"
    assert code_of(s3.copy_object, **long, CopySource=just) == "KeyTooLongError"
    assert code_of(s3.copy_object, Bucket=BUCKET, Key="c", CopySource=long) == "KeyTooLongError"
    gone = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": long["Key"]}]})
    assert [error["Code"] for error in gone["Errors"]] == ["KeyTooLongError"], gone
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)

    s3.create_bucket(Bucket="other-bucket")
    for bucket in (BUCKET, "other-bucket"):
        for name in ("p/1", "p/2", "p/3"):
            s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    page = {"Bucket": BUCKET, "Prefix": "p/"}
    token = s3.list_objects_v2(**page, MaxKeys=1)["NextContinuationToken"]
    rest = s3.list_objects_v2(**page, ContinuationToken=token)["Contents"]
    assert [entry["Key"] for entry in rest] == ["p/2", "p/3"], rest
    for wrong in (
        {**page, "Bucket": "other-bucket"},
        {**page, "Prefix": "p"},
        {**page, "Prefix": ""},
        {**page, "Delimiter": "/"},
        {**page, "ContinuationToken": token[:-1]},
        {**page, "ContinuationToken": token + "A"},
        {**page, "ContinuationToken": token.swapcase()},
        {**page, "ContinuationToken": "p/2"},
    ):
        refused = code_of(s3.list_objects_v2, **{"ContinuationToken": token, **wrong})
        assert refused == "InvalidArgument", (wrong, refused)
    for method in (s3.list_objects, s3.list_objects_v2):
        for wrong in (-1, 2**31):
            assert code_of(method, Bucket=BUCKET, MaxKeys=wrong) == "InvalidArgument", wrong


def conditions(folder):
    s3 = connect()
    here = {"Bucket": BUCKET, "Key": "here"}
    etag = s3.put_object(**here, Body=b"here")["ETag"]
    assert code_of(s3.get_object, **here, IfMatch='"other"') == "PreconditionFailed"
    assert code_of(s3.get_object, **here, IfNoneMatch=etag) == "304"
    assert code_of(s3.head_object, Bucket=BUCKET, Key="nowhere") == "404"
    assert code_of(s3.get_object, Bucket=BUCKET, Key="nowhere") == "NoSuchKey"
    assert code_of(s3.get_object, Bucket="no-such-bucket", Key="k") == "NoSuchBucket"
    assert code_of(s3.create_bucket, Bucket=BUCKET) == "BucketAlreadyOwnedByYou"
    assert code_of(s3.delete_bucket, Bucket=BUCKET) == "BucketNotEmpty"
    assert code_of(s3.get_object, **here, Range="bytes=9-") == "InvalidRange"
    assert code_of(s3.put_object_acl, **here, ACL="private") == "no error"
    assert code_of(s3.delete_bucket_policy, Bucket=BUCKET) == "no error"
    retention = {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "2050-01-01"}}
    assert code_of(s3.put_object_retention, **here, **retention) == "NotImplemented"
    s3.copy_object(Bucket=BUCKET, Key="there/copy", CopySource=here)
    s3.copy({"Bucket": BUCKET, "Key": "here"}, BUCKET, "there/again")
    assert s3.get_object(Bucket=BUCKET, Key="there/copy")["Body"].read() == b"here"
    assert s3.get_object(Bucket=BUCKET, Key="there/again")["Body"].read() == b"here"
    wrong = connect(signature_version="s3v4")
    wrong._request_signer._credentials = boto3.Session(
        "NOSUCHACCESSKEY00001", "x" * 40
    ).get_credentials()
    assert code_of(wrong.list_buckets) == "InvalidAccessKeyId"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [BUCKET]


def tag_set(count, value="v"):
    return [{"Key": f"key {index}", "Value": value} for index in range(count)]


def tagging(folder):
    s3 = connect()
    here = {"Bucket": BUCKET, "Key": "tagged/é"}

    def tags_of(key):
        return s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]

    labels = {"Tagging": "foo=bar&bar", "StorageClass": "STANDARD_IA"}
    s3.put_object(**here, Body=b"here", ChecksumAlgorithm="SHA256", **labels)
    both = [{"Key": "bar", "Value": ""}, {"Key": "foo", "Value": "bar"}]
    assert tags_of(here["Key"]) == both
    before = s3.head_object(**here)
    assert before["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "2"
    assert before["StorageClass"] == "STANDARD_IA"
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"][0]
    assert listed["StorageClass"] == "STANDARD_IA" and listed["ChecksumAlgorithm"] == ["SHA256"]
    assert s3.get_object(**here)["TagCount"] == 2
    ten = tag_set(10, "v" * 256)
    assert s3.put_object_tagging(**here, Tagging={"TagSet": ten})
    assert tags_of(here["Key"]) == ten
    for code, refused in (
        ("BadRequest", tag_set(11)),
        ("InvalidTag", tag_set(1, "v" * 257)),
        ("InvalidTag", [{"Key": "k" * 129, "Value": ""}]),
        ("InvalidTag", tag_set(1) + tag_set(1)),
        ("InvalidTag", [{"Key": "aws:mine", "Value": ""}]),
    ):
        tags = {"TagSet": refused}
        assert code_of(s3.put_object_tagging, **here, Tagging=tags) == code, code
    assert tags_of(here["Key"]) == ten
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=here)
    assert tags_of("copy") == ten
    replaced = {"Tagging": "new=1", "TaggingDirective": "REPLACE"}
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=here, **replaced)
    assert tags_of("copy") == [{"Key": "new", "Value": "1"}]
    status = s3.delete_object_tagging(**here)["ResponseMetadata"]["HTTPStatusCode"]
    assert status == 204 and tags_of(here["Key"]) == []
    after = s3.head_object(**here)
    assert after["ETag"] == before["ETag"] and after["LastModified"] == before["LastModified"]
    assert "x-amz-tagging-count" not in after["ResponseMetadata"]["HTTPHeaders"]
    nowhere = {"Bucket": BUCKET, "Key": "nowhere"}
    assert code_of(s3.get_object_tagging, **nowhere) == "NoSuchKey"
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", Tagging="of=upload")
    part = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload["UploadId"]}
    done = s3.upload_part(**part, PartNumber=1, Body=b"x")
    parts = [{"PartNumber": 1, "ETag": done["ETag"]}]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": parts})
    assert tags_of("parts") == [{"Key": "of", "Value": "upload"}]


def presigned(folder):
    for version in ("s3v4", "s3"):
        s3 = connect(signature_version=version)
        key = f"pre signed/{version} æ+b"
        target = {"Bucket": BUCKET, "Key": key}
        url = s3.generate_presigned_url("put_object", Params=target, ExpiresIn=60)
        request = urllib.request.Request(url, data=b"by url", method="PUT")
        request.add_header("Content-Type", "")
        assert urlopen(request).status == 200
        url = s3.generate_presigned_url("get_object", Params=target, ExpiresIn=60)
        assert urlopen(url).read() == b"by url"
        for refused in (url + "x", url.replace("pre", "the"), url.split("?")[0]):
            try:
                urlopen(refused)
            except urllib.error.HTTPError as error:
                assert error.code in (400, 403), error
            else:
                raise AssertionError("a presigned URL that does not hold was served")


PROGRAMS = {
    program.__name__: program
    for program in (
        objects,
        multipart,
        listing,
        markers,
        sharded,
        refusals,
        conditions,
        tagging,
        presigned,
    )
}

if __name__ == "__main__":
    connect().create_bucket(Bucket=BUCKET)
    PROGRAMS[sys.argv[1]](sys.argv[2])
    print("ok")
