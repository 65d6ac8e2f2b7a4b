// `npm run coverage`: makes COVERAGE.md anew from the tables.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProofs } from './proofs.ts'
import { renderCoverage } from './render.ts'

writeFileSync(join(import.meta.dirname, '..', 'COVERAGE.md'), renderCoverage(readProofs()))
