// One file to one object: in one request when it is small, else in parts, several at once, each tried again when
// it fails. The browser reads the file as it sends it; nothing is held in memory.
import { RequestError, s3 } from './requests.js'
import { renderXml, textOf } from './s3-xml.js'

const MiB = 1024 ** 2
const singleMaxBytes = 64 * MiB
const partMinBytes = 32 * MiB
const partsMax = 9000
const partsAtOnce = 3
const triesPerPart = 4

/** Throws RequestError; what was begun is given up then. `onProgress` is called with bytes sent so far. */
export async function uploadFile(target, { onProgress, signal }) {
  const { file } = target
  if (file.size <= singleMaxBytes) await uploadWhole(target, { onProgress, signal })
  else await uploadInParts(target, { onProgress, signal })
}

/** Whether the object is there already; `unknown` when the key may not look. */
export async function isThere({ bucket, key }, signal) {
  try {
    await s3('HEAD', bucket, key, { signal })
    return 'yes'
  } catch (error) {
    if (error.status === 404) return 'no'
    if (error.status === 403) return 'unknown'
    throw error
  }
}

async function uploadWhole({ bucket, key, file, replaces }, { onProgress, signal }) {
  const headers = { 'Content-Type': typeOf(file), ...unlessThere(replaces) }
  await s3('PUT', bucket, key, { headers, body: file, onProgress, signal })
}

async function uploadInParts({ bucket, key, file, replaces }, { onProgress, signal }) {
  const begun = await s3('POST', bucket, key, {
    query: { uploads: '' },
    headers: { 'Content-Type': typeOf(file) },
    signal,
  })
  const upload = { bucket, key, file, uploadId: textOf(begun.responseXML, 'UploadId') }
  try {
    const etags = await sendParts(upload, { onProgress, signal })
    const parts = etags.map((etag, at) => ['Part', ['PartNumber', at + 1], ['ETag', etag]])
    const body = renderXml(['CompleteMultipartUpload', ...parts])
    const headers = { 'Content-Type': 'application/xml', ...unlessThere(replaces) }
    const query = { uploadId: upload.uploadId }
    await s3('POST', bucket, key, { query, headers, body, signal })
  } catch (error) {
    // The failure itself is what the person is told; what is left of it expires anyway.
    await s3('DELETE', bucket, key, { query: { uploadId: upload.uploadId } }).catch(() => undefined)
    throw error
  }
}

/** The parts' ETags, in order. */
async function sendParts(upload, { onProgress, signal }) {
  const { file } = upload
  const partBytes = Math.max(partMinBytes, Math.ceil(file.size / partsMax / MiB) * MiB)
  const count = Math.ceil(file.size / partBytes)
  const etags = Array(count)
  const sentBytes = Array(count).fill(0)
  let next = 0
  const stop = new AbortController()
  const anyStop = AbortSignal.any([signal, stop.signal])
  const work = async () => {
    while (next < count) {
      const at = next
      next += 1
      const body = file.slice(at * partBytes, (at + 1) * partBytes)
      const report = (bytes) => {
        sentBytes[at] = Math.min(bytes, body.size)
        onProgress(sentBytes.reduce((sum, each) => sum + each, 0))
      }
      etags[at] = await sendPart(upload, at + 1, body, report, anyStop)
      report(body.size)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(partsAtOnce, count) }, work))
  } finally {
    // When one has failed for good, the others are of no use.
    stop.abort()
  }
  return etags
}

async function sendPart({ bucket, key, uploadId }, partNumber, body, onProgress, signal) {
  for (let left = triesPerPart - 1; ; left -= 1) {
    try {
      const query = { partNumber: String(partNumber), uploadId }
      const answer = await s3('PUT', bucket, key, { query, body, onProgress, signal })
      return answer.getResponseHeader('ETag')
    } catch (error) {
      const mayPass = error.status === 0 || error.status >= 500
      if (left === 0 || !mayPass || signal.aborted) throw error
      await pause(1000 * (triesPerPart - left), signal)
    }
  }
}

/** @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(new RequestError(0, 'Aborted', 'This was cancelled.'))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}

function unlessThere(replaces) {
  return replaces ? {} : { 'If-None-Match': '*' }
}

function typeOf(file) {
  return file.type || 'application/octet-stream'
}
