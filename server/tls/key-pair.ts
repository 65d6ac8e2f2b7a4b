// A TLS key with its certificate, as PEM text, and what has to be true of the two before they are served.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

export type KeyPair = {
  /** PEM, not encrypted. */
  readonly key: string
  /** PEM: the server's own certificate first, those of its issuers behind it. */
  readonly cert: string
}

export type CheckedPair = {
  readonly pair: KeyPair
  /** SHA-256 of the server's own certificate, as `AB:CD:…`: what clients that pin it ask for. */
  readonly fingerprint: string
  readonly validUntil: Date
}

/** Throws an Error that says what is wrong with the two. An expired certificate is no error here. */
export function checkPair(pair: KeyPair): CheckedPair {
  const certificate = readCertificate(pair.cert)
  if (!certificate.checkPrivateKey(readKey(pair.key))) {
    throw new Error('the key and the certificate do not belong together')
  }
  // What TLS itself refuses, such as an issuer's certificate that is cut short or a key too weak.
  createSecureContext(pair)
  return {
    pair,
    fingerprint: certificate.fingerprint256,
    validUntil: new Date(certificate.validTo),
  }
}

function readCertificate(text: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch (error) {
    throw new Error('the certificate cannot be read; it must be PEM', { cause: error })
  }
}

function readKey(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (error) {
    const message = 'the key cannot be read; it must be PEM and not be encrypted'
    throw new Error(message, { cause: error })
  }
}
