// `aws s3api` of another aws-cli, which JOTTA_S3_AWS_SECOND names: older ones sign and frame in other ways.
import { suite } from 'uvu'
import { skip } from '../support/real-client.ts'
import { declareS3api } from './aws-s3api.ts'

const test = suite('aws-s3api, a second aws-cli')
const program = process.env.JOTTA_S3_AWS_SECOND ?? ''

if (program !== '') declareS3api(test, program)
else skip(test, 'a second aws-cli', 'JOTTA_S3_AWS_SECOND names none')

test.run()
