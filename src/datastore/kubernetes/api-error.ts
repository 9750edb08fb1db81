/** Why a request to the API server came to nothing. A value of the network, never a bug of ours. */
export class ApiError extends Error {
  override name = "ApiError";
  /** The HTTP status, or the code inside an error event of a watch; 0 where there was no answer, or none that makes sense. */
  readonly status: number;
  /** How long the server asks us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The history that a request continues from is no longer kept: a full list has to be made. */
export function isExpired(error: ApiError): boolean {
  return error.status === 410;
}
