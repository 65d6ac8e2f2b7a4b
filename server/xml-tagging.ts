// The Tagging document, as requests carry it.
import { z } from 'zod'
import type { XmlShape } from './xml.ts'

export const tagElement = z.strictObject({ Key: z.string(), Value: z.string() })

const schema = z.strictObject({
  TagSet: z.union([z.strictObject({ Tag: z.array(tagElement) }), z.literal('')]),
})

/** `TagSet` is '' when it is empty. Limits and names are judged elsewhere. */
export const taggingShape: XmlShape<z.infer<typeof schema>> = {
  root: 'Tagging',
  arrays: ['Tag'],
  schema,
}
