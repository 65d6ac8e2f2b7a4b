// `aws s3api` of the aws-cli that is first on the PATH.
import { suite } from 'uvu'
import { declareProofs } from '../coverage/proofs.ts'
import { declareS3api } from './aws-s3api.ts'

const test = suite('aws-s3api')

declareS3api(test, 'aws')

declareProofs(test, 'aws s3api', ['aws'])

test.run()
