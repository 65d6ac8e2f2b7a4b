// What is counted of requests: how many, how they ended, what went over the wire.
import type { S3ErrorCode } from '../../translate/s3-error.ts'
import type { RequestEntry } from '../log.ts'
import type { OperationName } from '../operation.ts'
import { type Count, createCounts } from './counts.ts'

type RequestWords = {
  /** `none` for a request that did not get so far. */
  readonly operation: OperationName | 'none'
  /** As sent; 499 for a client that went away. */
  readonly status: number
  readonly code: S3ErrorCode | 'none'
}

export type RequestFigures = {
  readonly requests: readonly Count<RequestWords>[]
  readonly inFlight: number
  readonly receivedBytes: number
  readonly sentBytes: number
}

export type FinishedRequest = Pick<
  RequestEntry,
  'operation' | 'status' | 'code' | 'bytesIn' | 'bytesOut' | 'ms'
>

export type RequestGathering = {
  begun(): void
  /** Once for each that was begun. */
  finished(request: FinishedRequest): void
  read(): RequestFigures
}

/** `onFinished` is for whoever keeps more of each request than its count. */
export function gatherRequests(onFinished: (request: FinishedRequest) => void): RequestGathering {
  const requests = createCounts<RequestWords>()
  let inFlight = 0
  let receivedBytes = 0
  let sentBytes = 0
  return {
    begun() {
      inFlight += 1
    },
    finished(request) {
      const { operation = 'none', status, code = 'none', bytesIn, bytesOut } = request
      inFlight -= 1
      receivedBytes += bytesIn
      sentBytes += bytesOut
      requests.add({ operation, status, code })
      onFinished(request)
    },
    read: () => ({ requests: requests.all(), inFlight, receivedBytes, sentBytes }),
  }
}
