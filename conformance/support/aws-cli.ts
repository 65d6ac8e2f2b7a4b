// The real aws-cli against a bridge of its own, configured by nothing but its environment.
import { join } from 'node:path'
import { run } from './real-client.ts'
import {
  accessKeyId,
  type BridgeProcess,
  region,
  type Scheme,
  secretAccessKey,
  withBridge,
  withFolder,
} from './with-bridge.ts'

/**
 * What the bridge says to a ClientHello that Python's threads broke: urllib3 sets the names of protocols anew for each
 * connection, while other threads read them (https://github.com/python/cpython/issues/141012).
 */
const brokenHello = 'TLSV1_ALERT_DECODE_ERROR'
/** Of a command; three in a row are something else. */
const brokenHellosMax = 2

export type Aws = (...args: string[]) => Promise<string>

/** What aws-cli and boto3 know from their environment, and nothing of the person who runs the tests. */
export function awsEnvironment(
  bridge: Pick<BridgeProcess, 'certificateFile'>,
  folder: string,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: join(folder, 'no-config'),
    // What is broken shall fail, and not be tried again for minutes.
    AWS_MAX_ATTEMPTS: '1',
    ...(bridge.certificateFile === undefined ? {} : { AWS_CA_BUNDLE: bridge.certificateFile }),
  }
}

export async function withAws(
  scheme: Scheme,
  act: (aws: Aws, folder: string, bridge: BridgeProcess) => Promise<void>,
  program = 'aws',
): Promise<void> {
  await withFolder(async (folder) => {
    await withBridge(
      async (bridge) => {
        const env = awsEnvironment(bridge, folder)
        const aws: Aws = async (...args) => {
          const all = ['--endpoint-url', bridge.url, ...args]
          for (let broken = 0; ; broken += 1) {
            try {
              return (await run(program, all, { env })).stdout
            } catch (error) {
              if (broken === brokenHellosMax || !String(error).includes(brokenHello)) throw error
            }
          }
        }
        await act(aws, folder, bridge)
      },
      { scheme },
    )
  })
}
