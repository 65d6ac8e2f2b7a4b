"""What people.test.ts runs: two people and a stranger with boto3, each program one word on the command line.

The endpoint, the keys of both and their canonical ids come from the environment. A failed assertion ends it
with 1; the last line of a run that went well is "ok".
"""

import json
import os
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT_ID = os.environ["ROOT_ID"]
ALICE_ID = os.environ["ALICE_ID"]
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"


def connect(who=None):
    config = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 1}}
    if who is None:
        config["signature_version"] = UNSIGNED
        keys = {}
    else:
        keys = {
            "aws_access_key_id": os.environ[f"{who}_KEY"],
            "aws_secret_access_key": os.environ[f"{who}_SECRET"],
        }
    return boto3.client(
        "s3",
        endpoint_url=os.environ["ENDPOINT"],
        region_name="us-east-1",
        config=Config(**config),
        **keys,
    )


root, alice, nobody = connect("ROOT"), connect("ALICE"), connect()


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "ok"


def status_of(call, **arguments):
    try:
        return call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]


def read(client, bucket, key):
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(bucket, action, **more):
    return {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": action,
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        **more,
    }


def owners():
    bucket = "owners-one"
    root.create_bucket(Bucket=bucket)
    root.put_object(Bucket=bucket, Key="a", Body=b"x")
    alice.create_bucket(Bucket="owners-two")
    assert [b["Name"] for b in alice.list_buckets()["Buckets"]] == ["owners-two"]
    assert alice.list_buckets()["Owner"]["ID"] == ALICE_ID
    assert "owners-two" not in [b["Name"] for b in root.list_buckets()["Buckets"]]
    assert code_of(nobody.list_buckets) == "AccessDenied"
    assert code_of(alice.create_bucket, Bucket=bucket) == "BucketAlreadyExists"
    for client in (alice, nobody):
        assert code_of(client.list_objects_v2, Bucket=bucket) == "AccessDenied"
        assert code_of(client.get_object, Bucket=bucket, Key="a") == "AccessDenied"
        assert code_of(client.put_object, Bucket=bucket, Key="a", Body=b"y") == "AccessDenied"
        assert code_of(client.delete_object, Bucket=bucket, Key="a") == "AccessDenied"
        assert status_of(client.head_bucket, Bucket=bucket) == 403
        assert status_of(client.head_object, Bucket=bucket, Key="a") == 403
    assert code_of(alice.list_objects_v2, Bucket="owners-none") == "NoSuchBucket"
    listed = alice.list_objects_v2(Bucket="owners-two", FetchOwner=True)
    assert listed["KeyCount"] == 0
    assert read(root, bucket, "a") == b"x"
    acl = alice.get_bucket_acl(Bucket="owners-two")
    assert acl["Owner"] == {"DisplayName": "alice", "ID": ALICE_ID}
    [grant] = acl["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    assert grant["Grantee"] == {"DisplayName": "alice", "ID": ALICE_ID, "Type": "CanonicalUser"}


def setup(bucket, bucket_acl, object_acl):
    root.create_bucket(Bucket=bucket, ACL=bucket_acl)
    root.put_object(Bucket=bucket, Key="a", Body=b"a", ACL=object_acl)
    root.put_object(Bucket=bucket, Key="b", Body=b"b")


def acls():
    table = [
        ("private", "private", False, False, False),
        ("private", "public-read", True, False, False),
        ("public-read", "private", False, True, False),
        ("public-read", "public-read", True, True, False),
        ("public-read", "public-read-write", True, True, False),
        ("public-read-write", "private", False, True, True),
        ("public-read-write", "public-read", True, True, True),
    ]
    for number, (bucket_acl, object_acl, reads, lists, writes) in enumerate(table):
        for person, client in (("alice", alice), ("nobody", nobody)):
            bucket = f"acls-{number}-{person}"
            setup(bucket, bucket_acl, object_acl)
            what = (bucket_acl, object_acl, person)
            assert (code_of(client.get_object, Bucket=bucket, Key="a") == "ok") == reads, what
            assert code_of(client.get_object, Bucket=bucket, Key="b") == "AccessDenied", what
            for call in (client.list_objects, client.list_objects_v2):
                assert (code_of(call, Bucket=bucket) == "ok") == lists, what
            missing = code_of(client.get_object, Bucket=bucket, Key="none")
            assert missing == ("NoSuchKey" if lists else "AccessDenied"), what
            for key in ("a", "b", "new"):
                put = code_of(client.put_object, Bucket=bucket, Key=key, Body=b"over")
                assert (put == "ok") == writes, what
    grants = root.get_bucket_acl(Bucket="acls-5-alice")["Grants"]
    seen = sorted((g["Permission"], g["Grantee"].get("URI")) for g in grants if "URI" in g["Grantee"])
    assert seen == [("READ", ALL_USERS), ("WRITE", ALL_USERS)], seen


def grants():
    bucket = "grants"
    root.create_bucket(Bucket=bucket)
    root.put_object(Bucket=bucket, Key="k", Body=b"k")
    acl = root.get_bucket_acl(Bucket=bucket)
    grantee = {"ID": ALICE_ID, "Type": "CanonicalUser"}
    wanted = {"Owner": acl["Owner"], "Grants": acl["Grants"] + [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]}
    root.put_bucket_acl(Bucket=bucket, AccessControlPolicy=wanted)
    assert [g["Permission"] for g in root.get_bucket_acl(Bucket=bucket)["Grants"]] == ["FULL_CONTROL"] * 2
    alice.list_objects(Bucket=bucket)
    alice.put_object(Bucket=bucket, Key="hers", Body=b"x")
    begun = {"Bucket": bucket, "Key": "begun"}
    begun["UploadId"] = alice.create_multipart_upload(**begun)["UploadId"]
    for shown in (root.list_parts(**begun), *root.list_multipart_uploads(Bucket=bucket)["Uploads"]):
        assert shown["Initiator"] == {"ID": "arn:aws:iam::alice:user/alice", "DisplayName": "alice"}
        assert shown["Owner"]["ID"] == ROOT_ID
    root.abort_multipart_upload(**begun)
    begun["UploadId"] = root.create_multipart_upload(Bucket=bucket, Key="begun")["UploadId"]
    assert root.list_parts(**begun)["Initiator"]["ID"] == ROOT_ID
    root.abort_multipart_upload(**begun)
    alice.get_bucket_acl(Bucket=bucket)
    assert code_of(nobody.list_objects, Bucket=bucket) == "AccessDenied"
    alice.put_bucket_acl(Bucket=bucket, ACL="private")
    assert code_of(alice.list_objects, Bucket=bucket) == "AccessDenied"
    # What a stranger wrote belongs to the bucket's owner.
    owner = root.list_objects(Bucket=bucket)["Contents"][0]["Owner"]
    assert owner["ID"] == ROOT_ID
    for call, more in ((root.put_bucket_acl, {}), (root.put_object_acl, {"Key": "k"})):
        unknown = {"Grantee": {"ID": "f" * 64, "Type": "CanonicalUser"}, "Permission": "READ"}
        policy_of = {"Owner": acl["Owner"], "Grants": [unknown]}
        code = code_of(call, Bucket=bucket, AccessControlPolicy=policy_of, **more)
        assert code == "InvalidArgument", code
    root.put_object(Bucket=bucket, Key="h", Body=b"h", GrantRead=f"id={ALICE_ID}")
    assert read(alice, bucket, "h") == b"h"
    assert code_of(nobody.get_object, Bucket=bucket, Key="h") == "AccessDenied"
    root.put_object_acl(Bucket=bucket, Key="h", ACL="authenticated-read")
    [group, _] = root.get_object_acl(Bucket=bucket, Key="h")["Grants"]
    assert group["Grantee"] == {"Type": "Group", "URI": AUTHENTICATED}
    assert read(alice, bucket, "h") == b"h"
    before = root.head_object(Bucket=bucket, Key="h")
    root.put_object_acl(Bucket=bucket, Key="h", ACL="public-read")
    assert read(nobody, bucket, "h") == b"h"
    after = root.head_object(Bucket=bucket, Key="h")
    assert (before["ETag"], before["LastModified"]) == (after["ETag"], after["LastModified"])
    upload = root.create_multipart_upload(Bucket=bucket, Key="m", ACL="public-read")
    at = {"Bucket": bucket, "Key": "m", "UploadId": upload["UploadId"]}
    part = root.upload_part(PartNumber=1, Body=b"part", **at)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    root.complete_multipart_upload(MultipartUpload=parts, **at)
    assert read(nobody, bucket, "m") == b"part"
    root.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "m"})
    assert code_of(nobody.get_object, Bucket=bucket, Key="c") == "AccessDenied"
    root.put_object(Bucket=bucket, Key="m", Body=b"private again")
    assert code_of(nobody.get_object, Bucket=bucket, Key="m") == "AccessDenied"


def policies():
    bucket = "policies"
    root.create_bucket(Bucket=bucket)
    root.put_object(Bucket=bucket, Key="public/a", Body=b"a")
    root.put_object(Bucket=bucket, Key="secret", Body=b"s")
    assert code_of(root.get_bucket_policy, Bucket=bucket) == "NoSuchBucketPolicy"
    assert root.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    only = allow(bucket, "s3:GetObject", Resource=f"arn:aws:s3:::{bucket}/public/*")
    root.put_bucket_policy(Bucket=bucket, Policy=policy(only))
    assert root.get_bucket_policy(Bucket=bucket)["Policy"] == policy(only)
    assert root.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert read(nobody, bucket, "public/a") == b"a"
    assert code_of(nobody.get_object, Bucket=bucket, Key="secret") == "AccessDenied"
    root.put_bucket_policy(Bucket=bucket, Policy=policy(allow(bucket, "s3:ListBucket")))
    assert alice.list_objects_v2(Bucket=bucket)["KeyCount"] == 2
    hers = allow(bucket, "s3:*", Principal={"AWS": "arn:aws:iam::alice:user/alice"})
    deny = allow(bucket, "s3:DeleteObject", Effect="Deny")
    root.put_bucket_policy(Bucket=bucket, Policy=policy(hers, deny))
    assert read(alice, bucket, "secret") == b"s"
    assert code_of(nobody.get_object, Bucket=bucket, Key="secret") == "AccessDenied"
    for client in (root, alice):
        assert code_of(client.delete_object, Bucket=bucket, Key="secret") == "AccessDenied"
        deleted = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "secret"}]})
        assert [e["Code"] for e in deleted["Errors"]] == ["AccessDenied"]
    alice.create_bucket(Bucket="policies-hers")
    alice.copy_object(Bucket="policies-hers", Key="c", CopySource={"Bucket": bucket, "Key": "secret"})
    tagged = allow(
        bucket, "s3:GetObject", Condition={"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}
    )
    root.put_bucket_policy(Bucket=bucket, Policy=policy(tagged))
    assert code_of(alice.copy_object, Bucket="policies-hers", Key="c", CopySource=f"{bucket}/secret") == "AccessDenied"
    assert code_of(alice.get_object, Bucket=bucket, Key="secret") == "AccessDenied"
    tags = {"TagSet": [{"Key": "public", "Value": "yes"}]}
    root.put_object_tagging(Bucket=bucket, Key="secret", Tagging=tags)
    assert read(alice, bucket, "secret") == b"s"
    for bad in ("{", policy({**only, "Action": "s3:Fly"}), policy({**only, "Principal": {"AWS": "none"}})):
        assert code_of(root.put_bucket_policy, Bucket=bucket, Policy=bad) == "MalformedPolicy"
    root.delete_bucket_policy(Bucket=bucket)
    assert code_of(alice.get_object, Bucket=bucket, Key="secret") == "AccessDenied"


def blocks():
    bucket = "blocks"
    root.create_bucket(Bucket=bucket)
    none = code_of(root.get_public_access_block, Bucket=bucket)
    assert none == "NoSuchPublicAccessBlockConfiguration"
    flags = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
    wanted = {flag: flag != "IgnorePublicAcls" for flag in flags}
    root.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)
    kept = root.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert kept == wanted
    put = {"Bucket": bucket, "Key": "k", "Body": b"k"}
    assert code_of(root.put_object, ACL="public-read", **put) == "AccessDenied"
    assert code_of(root.put_bucket_acl, Bucket=bucket, ACL="public-read") == "AccessDenied"
    public = policy(allow(bucket, "s3:GetObject"))
    assert code_of(root.put_bucket_policy, Bucket=bucket, Policy=public) == "AccessDenied"
    root.delete_public_access_block(Bucket=bucket)
    root.put_object(ACL="public-read", **put)
    assert read(nobody, bucket, "k") == b"k"
    ignore = {flag: flag == "IgnorePublicAcls" for flag in flags}
    root.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=ignore)
    assert code_of(nobody.get_object, Bucket=bucket, Key="k") == "AccessDenied"

    code = code_of(root.get_bucket_ownership_controls, Bucket=bucket)
    assert code == "OwnershipControlsNotFoundError"
    root.create_bucket(Bucket="blocks-enforced", ObjectOwnership="BucketOwnerEnforced")
    controls = root.get_bucket_ownership_controls(Bucket="blocks-enforced")["OwnershipControls"]
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    put = {"Bucket": "blocks-enforced", "Key": "k", "Body": b"k"}
    code = code_of(root.put_object, ACL="public-read", **put)
    assert code == "AccessControlListNotSupported"
    root.put_object(ACL="bucket-owner-full-control", **put)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    root.put_bucket_ownership_controls(Bucket="blocks-enforced", OwnershipControls=rules)
    root.put_object(ACL="public-read", **put)
    assert read(nobody, "blocks-enforced", "k") == b"k"
    root.delete_bucket_ownership_controls(Bucket="blocks-enforced")


globals()[sys.argv[1]]()
print("ok")
