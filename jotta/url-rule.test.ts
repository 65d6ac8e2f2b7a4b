import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isPrivateUrl, isUploadUrl } from './url-rule.ts'

const test = suite('url rule')

test('tokens go over https, or stay on this machine', () => {
  for (const url of [
    'https://any.example/x',
    'http://127.0.0.1:99/x',
    'http://127.8.9.1/',
    'http://localhost/',
    'http://[::1]:1/',
  ]) {
    assert.ok(isPrivateUrl(url), url)
  }
  for (const url of [
    'http://any.example/',
    'http://127.0.0.1.example/',
    'http://localhost.example/',
    'ftp://localhost/',
    'https://u:p@any.example/',
    'file:///etc',
    '//localhost',
    '',
  ]) {
    assert.not(isPrivateUrl(url), url)
  }
})

test('plain http to an upload host needs a configuration that is plain http there as well', () => {
  const plain = ['http://emulator:8080/jfs/', 'https://api.example/']
  assert.ok(isUploadUrl('http://emulator:9999/upload', plain))
  assert.not(isUploadUrl('http://api.example/upload', plain))
  assert.not(isUploadUrl('http://other/upload', plain))
  assert.ok(isUploadUrl('https://other/upload', plain))
})

test.run()
