// What was asked of the service may be carried out also when nobody waits for it any more. Whoever holds a lock for it
// must therefore hold it until it is answered, though whoever wanted it has gone.
import type { CallOptions } from './client.ts'

/**
 * Ends with the call, but where `isSent` says so then, and the call has an `answerSignal`, only with that. To be
 * disposed of when the reply is read.
 */
export function endOfRequest(
  { signal, answerSignal }: Pick<CallOptions, 'signal' | 'answerSignal'>,
  isSent: () => boolean,
): Disposable & { readonly signal: AbortSignal } {
  if (answerSignal === undefined) return { signal, [Symbol.dispose]() {} }
  const ending = new AbortController()
  const end = (): void => ending.abort(signal.reason)
  const onLeft = (): void => {
    if (answerSignal.aborted || !isSent()) end()
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
