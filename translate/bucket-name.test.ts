import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bucketOfMountpoint, isBucketName } from './bucket-name.ts'

const test = suite('bucket-name')

const legal = [
  ...[
    'abc',
    'a-b',
    '123',
    'my.bucket.name',
    'a1.b2-c3',
    'x'.repeat(63),
    'a--b',
    '1.2.3',
    '1.2.3.4.5',
  ],
  ...['192.168.5.x', 'not-xn--bucket', 'sthreebucket', 's3alias', 'mrap', 'a-mrap'],
]
for (const name of legal) {
  test(`${name} is a bucket name`, () => assert.ok(isBucketName(name)))
}

const illegal = [
  ...['', 'a', 'ab', 'x'.repeat(64), 'Abc', 'a_b', 'a b', 'abc/', 'äbc', 'a\0b', 'abc\n', '...'],
  ...['-abc', 'abc-', '.abc', 'abc.', 'a..b', 'a.-b', 'a-.b', '192.168.5.4', '999.1.1.1'],
  ...['xn--bucket', 'sthree-bucket', 'sthree-configurator', 'amzn-s3-demo-bucket'],
  ...['bucket-s3alias', 'bucket--ol-s3', 'bucket.mrap', 'bucket--x-s3', 'bucket--table-s3'],
]
for (const name of illegal) {
  test(`${JSON.stringify(name)} is no bucket name`, () => assert.not.ok(isBucketName(name)))
}

const mountpoints: [mountpoint: string, bucket: string | undefined][] = [
  ['backup', 'backup'],
  ['Backup', 'backup'],
  ['My Files', undefined],
  ['DESKTOP-1', 'desktop-1'],
  ['C', undefined],
  ['boo\u212a', undefined],
]
for (const [mountpoint, bucket] of mountpoints) {
  test(`the mountpoint ${mountpoint} is the bucket ${bucket}`, () => {
    assert.is(bucketOfMountpoint(mountpoint), bucket)
  })
}

test.run()
