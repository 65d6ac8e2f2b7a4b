// `jotta-s3 metadata`: the state store's metadata to and from a file.
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exportMetadata, exportMetadataTo, importMetadata } from '../translate/metadata-file.ts'
import { openSqliteState } from '../translate/state/sqlite.ts'
import { stateDirectoryOf, stateFileName } from './account.ts'
import { type Config, ConfigError } from './config.ts'

/** Returns what to tell the person; without a file, an export is all that is printed. */
export async function transferMetadata(
  config: Config,
  action: 'export' | 'import',
  file: string | undefined,
): Promise<string> {
  const directory = await stateDirectoryOf(config)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const state = openSqliteState({ file: join(directory, stateFileName) })
  try {
    if (action === 'import') {
      if (file === undefined) throw new ConfigError('metadata import: a file must follow')
      return `${await importMetadata(state, createReadStream(file))} records taken in\n`
    }
    if (file === undefined) {
      await exportMetadata(state, process.stdout)
      return ''
    }
    return `${await exportMetadataTo(state, file)} records written to ${file}\n`
  } finally {
    await state.close()
  }
}
