// A test with a real client, over HTTP and over HTTPS: the same client frames its requests in other ways.
import type { Test } from 'uvu'
import { testWith } from './real-client.ts'
import { type Scheme, schemes } from './with-bridge.ts'

export function overBoth(
  test: Test,
  programs: readonly string[],
  name: string,
  body: (scheme: Scheme) => Promise<void>,
): void {
  for (const scheme of schemes) {
    testWith(test, programs, `${name} (${scheme})`, () => body(scheme))
  }
}
