// What programs need to be told to use this server. Pure: texts out of an address, a key and a region.

export const programs = [
  {
    title: 'aws-cli',
    intro: 'On the command line. The last line shows that it works.',
    text: ({
      url,
      id,
      secret,
      region,
    }) => `aws configure set aws_access_key_id ${id} --profile jotta-s3
aws configure set aws_secret_access_key ${secret} --profile jotta-s3
aws configure set region ${region} --profile jotta-s3
aws configure set endpoint_url ${url} --profile jotta-s3
export AWS_PROFILE=jotta-s3
aws s3 ls --endpoint-url ${url}`,
  },
  {
    title: 'rclone',
    intro: 'Into the file that `rclone config file` names. Then: rclone lsd jotta-s3:',
    text: ({ url, id, secret, region }) => `[jotta-s3]
type = s3
provider = Other
access_key_id = ${id}
secret_access_key = ${secret}
region = ${region}
endpoint = ${url}
force_path_style = true`,
  },
  {
    title: 'restic',
    intro:
      'Makes a repository for backups in the bucket backup. restic asks for a password of its own.',
    text: ({ url, id, secret }) => `export AWS_ACCESS_KEY_ID=${id}
export AWS_SECRET_ACCESS_KEY=${secret}
export RESTIC_REPOSITORY=s3:${url}/backup
restic init
restic backup ~/Documents`,
  },
  {
    title: 's3cmd',
    intro: 'As ~/.s3cfg. Then: s3cmd ls',
    text: ({ host, id, secret, region, isSecure }) => `[default]
access_key = ${id}
secret_key = ${secret}
bucket_location = ${region}
host_base = ${host}
host_bucket = ${host}
use_https = ${isSecure ? 'True' : 'False'}
signature_v2 = False`,
  },
  {
    title: 'boto3',
    intro: 'In Python.',
    text: ({ url, id, secret, region }) => `import boto3
from botocore.config import Config

s3 = boto3.client(
    "s3",
    endpoint_url="${url}",
    aws_access_key_id="${id}",
    aws_secret_access_key="${secret}",
    region_name="${region}",
    config=Config(s3={"addressing_style": "path"}),
)
print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])`,
  },
]
