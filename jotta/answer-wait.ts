// What was asked of the service may be carried out also when nobody waits for it any more. Whoever holds a lock for it
// must therefore hold it until it is answered, though whoever wanted it has gone.
import type { CallOptions } from './client.ts'
import type { HttpRequest } from './http.ts'

/**
 * Ends with the call; a POST that may be carried out by then, of a call with an `answerSignal`, only with that. To be
 * disposed of when the reply is read. What a GET asks for may be read long after that, and ends with the call alone.
 */
export function endOfRequest(
  { method, body }: Pick<HttpRequest, 'method' | 'body'>,
  { signal, answerSignal }: Pick<CallOptions, 'signal' | 'answerSignal'>,
): Disposable & { readonly signal: AbortSignal } {
  if (answerSignal === undefined || method === 'GET') return { signal, [Symbol.dispose]() {} }
  // Content counts to its last byte: less than all of it makes no file.
  const mayBeCarriedOut = () => typeof body !== 'object' || body.isTaken()
  const ending = new AbortController()
  const end = (): void => ending.abort(signal.reason)
  const onLeft = (): void => {
    if (answerSignal.aborted || !mayBeCarriedOut()) end()
    else answerSignal.addEventListener('abort', end, { once: true })
  }
  if (signal.aborted) end()
  else signal.addEventListener('abort', onLeft, { once: true })
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      signal.removeEventListener('abort', onLeft)
      answerSignal.removeEventListener('abort', end)
    },
  }
}
