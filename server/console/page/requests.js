// Everything that the page asks of its server: its own API and S3, with the session's token. XMLHttpRequest and not
// fetch, because it tells how far an upload is and reads XML itself.

export class RequestError extends Error {
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

let token

export function useToken(value) {
  token = value
}

/** Throws RequestError. */
export async function api(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' }
  const text = body === undefined ? undefined : JSON.stringify(body)
  const answer = await send({ method, url: `/api/${path}`, headers, body: text })
  return JSON.parse(answer.responseText)
}

/**
 * An S3 request, answered as the request object: its headers, its text, its XML. `query` holds parameters by name.
 * Throws RequestError with S3's code and message.
 */
export async function s3(method, bucket, key, options = {}) {
  return await send({ method, url: s3Path('/s3/', bucket, key, options.query), ...options })
}

/** Where a file comes from as a download. */
export function downloadPath(bucket, key) {
  return s3Path('/download/', bucket, key)
}

/** Bucket and key are one escaped piece: browsers would resolve `..` between slashes. */
function s3Path(root, bucket, key, query = {}) {
  const place = key === undefined || key === '' ? bucket : `${bucket}/${key}`
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([parameter, value]) => {
      const shown = encodeURIComponent(parameter)
      return value === '' ? shown : `${shown}=${encodeURIComponent(value)}`
    })
  return `${root}${encodeURIComponent(place)}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`
}

/**
 * @param {{ method: string, url: string, headers?: Record<string, string>, body?: any,
 *   onProgress?: (bytes: number) => void, signal?: AbortSignal }} request
 * @returns {Promise<XMLHttpRequest>}
 */
export function send({ method, url, headers = {}, body, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, url)
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value)
    if (token !== undefined) request.setRequestHeader('X-Console-Token', token)
    if (onProgress) request.upload.onprogress = (event) => onProgress(event.loaded)
    const abort = () => request.abort()
    signal?.addEventListener('abort', abort)
    request.onload = () => {
      const error = errorOf(request)
      if (error === undefined) resolve(request)
      else reject(error)
    }
    const gone = 'The server cannot be reached.'
    request.onerror = () => reject(new RequestError(0, 'Unreachable', gone))
    request.onabort = () => reject(new RequestError(0, 'Aborted', 'This was cancelled.'))
    request.onloadend = () => signal?.removeEventListener('abort', abort)
    if (signal?.aborted) abort()
    else request.send(body)
  })
}

/** Also of an answer that began as 200 and turned out as an error, as long ones can. */
function errorOf(request) {
  const { status } = request
  // Of nothing, the browser would make a document of its own about the error, with a look of its own.
  const document = request.responseText === '' ? null : request.responseXML
  const isXmlError = document?.documentElement.localName === 'Error'
  if (status >= 200 && status < 300 && !isXmlError) return undefined
  if (isXmlError) {
    const text = (element) => document.querySelector(`Error > ${element}`)?.textContent ?? ''
    return new RequestError(status, text('Code'), text('Message'))
  }
  const { code, message } = jsonOf(request.responseText)
  if (code === 'SessionEnded') window.dispatchEvent(new Event('session-ended'))
  return new RequestError(status, code ?? `Status ${status}`, message ?? plainMessage(status))
}

function jsonOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    // HEAD has no body to say more.
    return {}
  }
}

function plainMessage(status) {
  if (status === 404) return 'It does not exist (any more).'
  if (status === 403) return 'This access key may not do that.'
  return `The server answered with status ${status}.`
}
