// The S3 error codes this server gives, each with its status and default message, and the one
// error class that carries them. A code that is not in this table cannot be thrown.

/** Codes as AWS names them (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). */
const codes = {
  AccessControlListNotSupported: [
    400,
    'The bucket does not allow ACLs: its ownership is BucketOwnerEnforced. Use a bucket policy.',
  ],
  AccessDenied: [403, 'Access Denied'],
  AccessForbidden: [403, 'CORSResponse: This CORS request is not allowed.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  AuthorizationQueryParametersError: [400, 'The authorization query parameters are not valid.'],
  BadDigest: [400, 'The digest that you sent did not match the content that was received.'],
  BadRequest: [400, 'The request could not be understood as HTTP.'],
  BucketAlreadyExists: [409, 'The bucket name is taken. Choose another name.'],
  BucketAlreadyOwnedByYou: [409, 'The bucket exists already and belongs to you.'],
  BucketNotEmpty: [409, 'The bucket is not empty. Delete its objects first.'],
  EntityTooLarge: [400, 'The upload is larger than the largest object allowed.'],
  EntityTooSmall: [
    400,
    'The upload, or a part other than the last, is smaller than the smallest allowed.',
  ],
  ExistingObjectIsDirectory: [
    409,
    'Objects exist below this key, and Jottacloud cannot hold a file and a folder of one name. Choose another key.',
  ],
  IllegalVersioningConfigurationException: [
    400,
    'The versioning configuration names no status. It is Enabled or Suspended.',
  ],
  IllegalLocationConstraintException: [400, 'The location constraint is not valid here.'],
  IncompleteBody: [400, 'The request ended before the number of bytes that it announced.'],
  IncorrectNumberOfFilesInPostRequest: [400, 'POST requires exactly one file upload per request.'],
  InternalError: [500, 'An internal error occurred. Try again.'],
  InvalidAccessKeyId: [403, 'The access key id does not exist in our records.'],
  InvalidArgument: [400, 'Invalid argument.'],
  InvalidBucketAclWithObjectOwnership: [
    400,
    'The ACL of the bucket grants something to others than its owner; ownership cannot be BucketOwnerEnforced then.',
  ],
  InvalidBucketName: [400, 'The bucket name is not valid.'],
  InvalidDigest: [400, 'The Content-MD5 or checksum value is not valid.'],
  InvalidEncryptionAlgorithmError: [
    400,
    'The encryption method is not known. The one that there is here is AES256.',
  ],
  InvalidLocationConstraint: [400, 'The location constraint is not valid.'],
  InvalidPart: [
    400,
    'A part could not be found, or its ETag differs from the one that was given at upload.',
  ],
  InvalidPartNumber: [416, 'The requested partnumber is not satisfiable.'],
  InvalidPartOrder: [400, 'The list of parts was not in ascending order of part numbers.'],
  InvalidPolicyDocument: [400, 'The policy document of the form is not valid.'],
  InvalidRange: [416, 'The requested range cannot be satisfied.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidStorageClass: [400, 'The storage class is not valid.'],
  InvalidTag: [400, 'A tag is not valid.'],
  InvalidToken: [
    400,
    'The security token is not valid: this server gives out no session tokens. Sign without one.',
  ],
  InvalidURI: [400, 'The request target could not be parsed.'],
  KeyCaseConflict: [
    409,
    'Another key that differs from this one only by letter case exists, and Jottacloud cannot tell the two apart. Choose another key.',
  ],
  KeyTooLongError: [400, 'The key is longer than 1024 bytes.'],
  MalformedACLError: [400, 'The ACL is not well-formed or does not match the published schema.'],
  MalformedPolicy: [400, 'The policy is not valid.'],
  MalformedPOSTRequest: [400, 'The body of the POST request is not well-formed.'],
  MalformedTrailerError: [
    400,
    'The trailer of the body is not well-formed or not the one that was announced.',
  ],
  MalformedXML: [400, 'The XML is not well-formed or does not match the published schema.'],
  MaxMessageLengthExceeded: [400, 'The request body is too large.'],
  MaxPostPreDataLengthExceededError: [
    400,
    'The form fields before the file are larger than 20 KiB together.',
  ],
  MetadataTooLarge: [400, 'The metadata headers exceed the largest metadata size allowed.'],
  MethodNotAllowed: [405, 'The method is not allowed for this resource.'],
  MissingContentLength: [411, 'The Content-Length header is required.'],
  MissingSecurityHeader: [400, 'A header that the request needs is missing.'],
  MissingRequestBodyError: [400, 'The request body is empty.'],
  NoSuchBucket: [404, 'The bucket does not exist.'],
  NoSuchCORSConfiguration: [404, 'The bucket has no CORS configuration.'],
  NoSuchConfiguration: [404, 'There is no configuration of this name.'],
  NoSuchBucketPolicy: [404, 'The bucket policy does not exist'],
  NoSuchKey: [404, 'The key does not exist.'],
  NoSuchLifecycleConfiguration: [404, 'The bucket has no lifecycle configuration.'],
  NoSuchTagSet: [404, 'The bucket has no tags.'],
  NoSuchPublicAccessBlockConfiguration: [
    404,
    'The public access block configuration was not found',
  ],
  NoSuchUpload: [
    404,
    'The multipart upload does not exist. It may have been aborted or completed.',
  ],
  NoSuchVersion: [404, 'The version does not exist.'],
  NoSuchWebsiteConfiguration: [404, 'The bucket has no website configuration.'],
  NotImplemented: [
    501,
    'A header or parameter asks for something that this server does not offer.',
  ],
  NotModified: [304, 'Not Modified'],
  ObjectParentIsFile: [
    409,
    'A part of this key before a slash is an object itself, and Jottacloud cannot hold a file and a folder of one name. Choose another key.',
  ],
  ObjectLockConfigurationNotFoundError: [404, 'The bucket has no object lock configuration.'],
  OperationAborted: [409, 'A conflicting operation is in progress. Try again.'],
  OwnershipControlsNotFoundError: [404, 'The bucket ownership controls were not found'],
  PreconditionFailed: [412, 'A precondition that you gave did not hold.'],
  QuotaExceeded: [
    507,
    'The Jottacloud account is full or locked for writing; `jotta-s3 account` says which. Free space (empty the trash too, it counts) or change the plan, then try again.',
  ],
  ReplicationConfigurationNotFoundError: [404, 'The bucket has no replication configuration.'],
  RequestHeaderSectionTooLarge: [400, 'The request headers exceed the size allowed.'],
  RequestTimeTooSkewed: [403, 'The request time differs too much from the time of this server.'],
  RequestTimeout: [400, 'No bytes arrived within the time allowed.'],
  ServerSideEncryptionConfigurationNotFoundError: [
    404,
    'The bucket has no default encryption: this server does not state that its store encrypts.',
  ],
  ServiceUnavailable: [503, 'Jottacloud cannot be reached at the moment. Try again.'],
  SignatureDoesNotMatch: [
    403,
    'The signature does not match. Check the secret access key and the signing method.',
  ],
  SlowDown: [503, 'Reduce your request rate.'],
  UnresolvableGrantByEmailAddress: [
    400,
    'Nobody here is known by an e-mail address. Grant to the canonical id of an owner.',
  ],
  UnexpectedContent: [400, 'This request does not take a body.'],
  XAmzContentSHA256Mismatch: [
    400,
    'The x-amz-content-sha256 header does not match the content that was received.',
  ],
} as const satisfies Record<string, readonly [status: number, message: string]>

export type S3ErrorCode = keyof typeof codes

/** Further XML elements of the error, in AWS's spelling: `{ Key: 'a', ArgumentName: 'max-keys' }`. */
export type S3ErrorElements = Readonly<Record<string, string>>

/** Every failure that a client is told about. `message` is what the client reads. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly code: S3ErrorCode
  readonly status: number
  /** NOTE: not `details`, a name that uvu's reporter takes for a text and breaks on. */
  readonly elements: S3ErrorElements
  /** How long to wait before the next try, where that is known. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: S3ErrorCode,
    options: {
      message?: string
      elements?: S3ErrorElements
      retryAfterSeconds?: number
      cause?: unknown
    } = {},
  ) {
    super(
      options.message ?? codes[code][1],
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.code = code
    this.status = codes[code][0]
    this.elements = options.elements ?? {}
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
