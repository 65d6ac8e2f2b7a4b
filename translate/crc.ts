// CRC32C and CRC64NVME, table-driven, eight bytes a step ("slicing by 8"). Node has CRC32 of its own
// (node:zlib) and nothing for these two. A running value is kept as JavaScript 32-bit integers.

/** Feeds bytes to a running CRC; `digest` gives its big-endian bytes and may be asked at any time. */
export type Crc = {
  update(bytes: Uint8Array): void
  digest(): Buffer
}

/** CRC-32/ISCSI: polynomial 1EDC6F41, reflected (RFC 3720, appendix B.4). */
export function createCrc32c(): Crc {
  let crc = -1
  return {
    update(bytes) {
      crc = updateCrc32c(crc, bytes)
    },
    digest() {
      const out = Buffer.alloc(4)
      out.writeInt32BE(~crc)
      return out
    },
  }
}

/** CRC-64/NVME: polynomial AD93D23594C93659, reflected (NVM Express command set specification). */
export function createCrc64Nvme(): Crc {
  const state: Crc64 = { low: -1, high: -1 }
  return {
    update(bytes) {
      updateCrc64(state, bytes)
    },
    digest() {
      const out = Buffer.alloc(8)
      out.writeInt32BE(~state.high, 0)
      out.writeInt32BE(~state.low, 4)
      return out
    },
  }
}

type Crc64 = { low: number; high: number }

/**
 * Table n * 256 + b is what byte b does to the CRC from n bytes further back, as two 32-bit halves.
 * A 32-bit CRC is one with nothing in the upper half.
 */
type Tables = { readonly low: Int32Array; readonly high: Int32Array }

const crc32c = createTables({ low: 0x82f63b78, high: 0 })
const crc64Nvme = createTables({ low: 0xac4bc9b5 | 0, high: 0x9a6c9329 | 0 })

function createTables(polynomial: Crc64): Tables {
  const low = new Int32Array(8 * 256)
  const high = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte += 1) {
    let l = byte
    let h = 0
    for (let bit = 0; bit < 8; bit += 1) {
      const odd = l & 1
      l = (l >>> 1) | (h << 31)
      h >>>= 1
      if (odd === 1) {
        l ^= polynomial.low
        h ^= polynomial.high
      }
    }
    low[byte] = l
    high[byte] = h
  }
  for (let entry = 256; entry < low.length; entry += 1) {
    const l = low[entry - 256] ?? 0
    const h = high[entry - 256] ?? 0
    const first = l & 0xff
    low[entry] = ((l >>> 8) | (h << 24)) ^ (low[first] ?? 0)
    high[entry] = (h >>> 8) ^ (high[first] ?? 0)
  }
  return { low, high }
}

// NOTE: `?? 0` never happens below (every index is in bounds by construction); the type checker wants
// it, and V8 compiles it away.

function updateCrc32c(start: number, bytes: Uint8Array): number {
  const table = crc32c.low
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wholeEnd = bytes.length - (bytes.length % 8)
  let crc = start
  let at = 0
  for (; at < wholeEnd; at += 8) {
    const a = crc ^ view.getInt32(at, true)
    const b = view.getInt32(at + 4, true)
    crc =
      (table[1792 + (a & 0xff)] ?? 0) ^
      (table[1536 + ((a >>> 8) & 0xff)] ?? 0) ^
      (table[1280 + ((a >>> 16) & 0xff)] ?? 0) ^
      (table[1024 + (a >>> 24)] ?? 0) ^
      (table[768 + (b & 0xff)] ?? 0) ^
      (table[512 + ((b >>> 8) & 0xff)] ?? 0) ^
      (table[256 + ((b >>> 16) & 0xff)] ?? 0) ^
      (table[b >>> 24] ?? 0)
  }
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ view.getUint8(at)) & 0xff] ?? 0)
  }
  return crc
}

function updateCrc64(state: Crc64, bytes: Uint8Array): void {
  const lows = crc64Nvme.low
  const highs = crc64Nvme.high
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wholeEnd = bytes.length - (bytes.length % 8)
  let { low, high } = state
  let at = 0
  for (; at < wholeEnd; at += 8) {
    const a = low ^ view.getInt32(at, true)
    const b = high ^ view.getInt32(at + 4, true)
    const i7 = 1792 + (a & 0xff)
    const i6 = 1536 + ((a >>> 8) & 0xff)
    const i5 = 1280 + ((a >>> 16) & 0xff)
    const i4 = 1024 + (a >>> 24)
    const i3 = 768 + (b & 0xff)
    const i2 = 512 + ((b >>> 8) & 0xff)
    const i1 = 256 + ((b >>> 16) & 0xff)
    const i0 = b >>> 24
    low =
      (lows[i7] ?? 0) ^
      (lows[i6] ?? 0) ^
      (lows[i5] ?? 0) ^
      (lows[i4] ?? 0) ^
      (lows[i3] ?? 0) ^
      (lows[i2] ?? 0) ^
      (lows[i1] ?? 0) ^
      (lows[i0] ?? 0)
    high =
      (highs[i7] ?? 0) ^
      (highs[i6] ?? 0) ^
      (highs[i5] ?? 0) ^
      (highs[i4] ?? 0) ^
      (highs[i3] ?? 0) ^
      (highs[i2] ?? 0) ^
      (highs[i1] ?? 0) ^
      (highs[i0] ?? 0)
  }
  for (; at < bytes.length; at += 1) {
    const entry = (low ^ view.getUint8(at)) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ (lows[entry] ?? 0)
    high = (high >>> 8) ^ (highs[entry] ?? 0)
  }
  state.low = low
  state.high = high
}
