/**
 * Requests to one API server over kept connections: answers with a status, bodies with a deadline on every silence.
 *
 * HTTP/1.1, which every API server and every proxy before one speaks: a watch holds a connection, other requests share
 * the rest.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { toError } from "../../base/assert.ts";
import {
  API_ANSWER_MAX_BYTES,
  API_ANSWER_TIMEOUT_MS,
  API_BODY_IDLE_TIMEOUT_MS,
  RETRY_AFTER_MAX_MS,
} from "../../base/limits.ts";
import { quote } from "../locate.ts";
import type { ApiAccess, Credentials } from "./api-access.ts";
import { ApiError } from "./api-error.ts";

export type ApiRequest = {
  /** With the query; `basePath` goes before it. */
  readonly path: string;
  /** `PATCH` merges. Default: `GET`. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Goes out as JSON. */
  readonly body?: object;
  readonly accept?: string;
  readonly signal: AbortSignal;
  /** Longest silence inside the body. */
  readonly idleTimeoutMs?: number;
  /** Longest wait for the head of the answer. */
  readonly answerTimeoutMs?: number;
  readonly bodyMaxBytes?: number;
};

const JSON_TYPE = "application/json";
const MERGE_PATCH_TYPE = "application/merge-patch+json";
/** Dead peers are found by the kernel too, where nothing is sent for long. */
const KEEP_ALIVE_MS = 15_000;

export class ApiClient {
  readonly access: ApiAccess;
  #agent: Agent | undefined;
  #agentFor = "";

  constructor(access: ApiAccess) {
    this.access = access;
  }

  /** The body of a good answer. Rejects with an ApiError for every other, and with none if `signal` ends it. */
  async getJson(options: ApiRequest): Promise<unknown> {
    const answer = await this.open(options);
    const text = await readAll(answer, options.bodyMaxBytes ?? API_ANSWER_MAX_BYTES);
    const value = parseJson(text);
    if (value === undefined) throw new ApiError(0, "the answer is not JSON");
    return value;
  }

  /** The status of an answer, whatever it is; the body is let go. */
  async getStatus(options: ApiRequest): Promise<number> {
    const answer = await this.#send(options, false);
    await readAll(answer, options.bodyMaxBytes ?? API_ANSWER_MAX_BYTES);
    return answer.statusCode ?? 0;
  }

  /** The pieces of the body of an answer with status 200 or 201; to end it early, end the loop or `signal`. */
  async open(options: ApiRequest): Promise<IncomingMessage> {
    let answer = await this.#send(options, false);
    if (answer.statusCode === 401) {
      await readAll(answer, API_ANSWER_MAX_BYTES);
      answer = await this.#send(options, true); // a token that was just replaced
    }
    if (answer.statusCode === 200 || answer.statusCode === 201) return answer;
    throw await toApiError(answer);
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #send(options: ApiRequest, isRefused: boolean): Promise<IncomingMessage> {
    const { signal, answerTimeoutMs = API_ANSWER_TIMEOUT_MS } = options;
    const credentials = await this.#credentials(isRefused);
    let deadline: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const sent = this.#begin(options, credentials); // throws for a token or a CA that is none
        deadline = setTimeout(() => sent.destroy(new ApiError(0, "no answer in time")), answerTimeoutMs);
        sent.once("response", resolve);
        sent.on("error", reject); // stays: an error after the answer reaches the body's reader too
        sent.end(options.body === undefined ? undefined : JSON.stringify(options.body));
      });
      limitSilence(answer, options.idleTimeoutMs ?? API_BODY_IDLE_TIMEOUT_MS);
      return answer;
    } catch (reason) {
      throw noAnswer(reason, signal);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Files that are gone and plugins that fail are like a server that is away: they may come back. */
  async #credentials(isRefused: boolean): Promise<Credentials> {
    try {
      return await this.access.credentials(isRefused);
    } catch (reason) {
      const cause = toError(reason);
      throw new ApiError(0, `no credentials: ${quote(cause.message)}`, { cause });
    }
  }

  #begin(options: ApiRequest, credentials: Credentials): ClientRequest {
    const { path, method = "GET", accept = JSON_TYPE, signal } = options;
    const { access } = this;
    const type = method === "PATCH" ? MERGE_PATCH_TYPE : JSON_TYPE;
    const content = options.body === undefined ? {} : { "content-type": type };
    const authorization =
      credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` };
    return request({
      agent: this.#agentOf(credentials),
      host: access.host,
      port: access.port,
      method,
      path: access.basePath + path,
      headers: { accept, ...authorization, ...content },
      signal,
    });
  }

  /** One pool of connections for as long as nothing that belongs to the handshake changes. */
  #agentOf({ ca, certificate, privateKey }: Credentials): Agent {
    const wanted = JSON.stringify([ca, certificate, privateKey]);
    if (this.#agent !== undefined && this.#agentFor === wanted) return this.#agent;
    // What is under way on older connections ends in its own time; idle ones are not used again.
    for (const sockets of Object.values(this.#agent?.freeSockets ?? {})) {
      for (const socket of sockets ?? []) socket.destroy();
    }
    const { serverName, isCertificateChecked } = this.access;
    this.#agentFor = wanted;
    this.#agent = new Agent({
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      rejectUnauthorized: isCertificateChecked,
      ...(ca === undefined ? {} : { ca }),
      ...(certificate === undefined ? {} : { cert: certificate }),
      ...(privateKey === undefined ? {} : { key: privateKey }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    return this.#agent;
  }
}

/** Ends an answer whose body says nothing for too long. */
function limitSilence(answer: IncomingMessage, idleTimeoutMs: number): void {
  const { socket } = answer; // the answer lets go of it at its end
  const onSilence = (): void => void answer.destroy(new ApiError(0, "the server fell silent"));
  const timer = setTimeout(onSilence, idleTimeoutMs);
  const onBytes = (): void => void timer.refresh();
  // On the socket, for a listener on the answer would make the body flow before its reader is there.
  socket.on("data", onBytes);
  answer.once("close", () => {
    clearTimeout(timer);
    socket.off("data", onBytes);
  });
}

/** Every piece of a body; a body that breaks off is an ApiError. */
export async function* readPieces(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const piece of answer) yield piece as Buffer;
  } catch (reason) {
    throw noAnswer(reason, signal);
  }
}

async function readAll(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of answer) {
      length += (piece as Buffer).length;
      if (length > maxBytes) throw new ApiError(0, `the answer has more than ${maxBytes} bytes`);
      pieces.push(piece as Buffer);
    }
  } catch (reason) {
    throw noAnswer(reason, undefined);
  }
  return Buffer.concat(pieces, length).toString("utf8");
}

/** What ended a request: an error of the network as ours, the caller's own wish as itself. */
function noAnswer(reason: unknown, signal: AbortSignal | undefined): Error {
  if (reason instanceof ApiError) return reason;
  if (signal?.aborted === true) return toError(signal.reason);
  const error = toError(reason);
  return new ApiError(0, quote(error.message), { cause: error });
}

async function toApiError(answer: IncomingMessage): Promise<ApiError> {
  const status = answer.statusCode ?? 0;
  const value = parseJson(await readAll(answer, API_ANSWER_MAX_BYTES));
  const message = hasMessage(value) ? quote(value.message) : `HTTP status ${status}`;
  return new ApiError(status, message, { retryAfterMs: retryAfterMs(answer.headers["retry-after"]) });
}

/** Whole seconds, as API servers write it; anything else counts as absent. */
function retryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,6}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1_000, RETRY_AFTER_MAX_MS);
}

function hasMessage(value: unknown): value is { readonly message: string } {
  return (
    typeof value === "object" && value !== null && "message" in value && typeof value.message === "string"
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no answer of an API server; a proxy's page, perhaps
  }
}
