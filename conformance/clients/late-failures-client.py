"""What late-failures.test.ts runs: one operation of boto3's, and what came of it.

Operation and arguments are on the command line; the endpoint and the keys come from the environment.
"""

import json
import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client(
    "s3",
    endpoint_url=os.environ["ENDPOINT"],
    config=Config(s3={"addressing_style": "path"}),
)
try:
    answer = getattr(s3, sys.argv[1])(**json.loads(sys.argv[2]))
    del answer["ResponseMetadata"]
    print(json.dumps(answer, default=str))
except ClientError as error:
    print(error)
