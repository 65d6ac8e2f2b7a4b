// Which names a bucket may have, and which bucket a mountpoint is.

/**
 * AWS's rules for general purpose buckets
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html), and one more: no
 * hyphen beside a period, since each label of the name must also do as a DNS label.
 */
export function isBucketName(name: string): boolean {
  return (
    name.length >= 3 &&
    name.length <= 63 &&
    /^[a-z0-9](?:-*[a-z0-9])*(?:\.[a-z0-9](?:-*[a-z0-9])*)*$/.test(name) &&
    !/^(?:[0-9]+\.){3}[0-9]+$/.test(name) &&
    !reservedPrefixes.some((prefix) => name.startsWith(prefix)) &&
    !reservedSuffixes.some((suffix) => name.endsWith(suffix))
  )
}

/**
 * The bucket that a mountpoint is: its name in lower case; `undefined` when that is no bucket name.
 * Jottacloud does not tell mountpoints apart by case, so two of them are never one bucket.
 */
export function bucketOfMountpoint(mountpointName: string): string | undefined {
  // Only ASCII: other capitals may become ASCII letters (the Kelvin sign), and then name another bucket.
  const name = mountpointName.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return isBucketName(name) ? name : undefined
}

const reservedPrefixes = ['xn--', 'sthree-', 'amzn-s3-demo-']
const reservedSuffixes = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']
