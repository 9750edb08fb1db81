/** One request or connection, and what came of it. */
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import type { Socket } from "node:net";
import { toError } from "../../base/assert.ts";
import { connectAsPod, type PodConnection } from "./pod-connection.ts";

export type HttpAsk = {
  readonly method: string;
  /** Sent as it is: nothing resolves or encodes it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default `http/1.1`. */
  readonly version?: "h2" | "http/1.1";
};

export type Answer =
  /** Headers' names are in lower case. */
  | {
      readonly kind: "http";
      readonly status: number;
      readonly headers: ReadonlyMap<string, string>;
      readonly body: string;
    }
  /** A connection without HTTP on which the upstream answered. */
  | { readonly kind: "connected" }
  /** No answer at all: refused, cut, or the handshake failed. */
  | { readonly kind: "refused"; readonly why: string };

/** Longer than any deadline on the way; a question that hangs is a failure. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Above what Envoy takes, so that Envoy's limit is the one that is met. */
const HEADER_BLOCK_MAX_BYTES = 16 * 1024 * 1024;

/** Ask over a connection of its own; never throws for what the other side does. */
export async function askHttp(connection: PodConnection, ask: HttpAsk): Promise<Answer> {
  const version = ask.version ?? "http/1.1";
  const { tls } = connection;
  const target = tls === undefined ? connection : { ...connection, tls: { ...tls, alpn: version } };
  let socket: Socket | undefined;
  try {
    socket = await connectAsPod(target);
    return version === "h2" ? await askHttp2(socket, ask) : await askHttp1(socket, ask);
  } catch (reason) {
    return { kind: "refused", why: toError(reason).message };
  } finally {
    socket?.destroy();
  }
}

async function askHttp1(socket: Socket, ask: HttpAsk): Promise<Answer> {
  const request = httpRequest({
    createConnection: () => socket,
    method: ask.method,
    path: ask.path,
    headers: { host: "api.shop", ...ask.headers },
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    insecureHTTPParser: false,
  });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) headers.set(name, String(value));
  return { kind: "http", status: response.statusCode ?? 0, headers, body };
}

async function askHttp2(socket: Socket, ask: HttpAsk): Promise<Answer> {
  const session = connectHttp2("https://api.shop", {
    createConnection: () => socket,
    maxSendHeaderBlockLength: HEADER_BLOCK_MAX_BYTES,
  });
  // A server that closes the connection leaves a request without any event of its own.
  const failed = new Promise<never>((_, reject) => {
    session.once("error", reject);
    session.once("close", () => reject(new Error("closed without an answer")));
  });
  try {
    return await Promise.race([exchangeHttp2(session, ask), failed]);
  } finally {
    session.destroy();
  }
}

async function exchangeHttp2(session: ClientHttp2Session, ask: HttpAsk): Promise<Answer> {
  const stream = session.request(
    { ":method": ask.method, ":path": ask.path, ...ask.headers },
    { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS), endStream: true },
  );
  const [fields] = (await once(stream, "response")) as [Record<string, unknown>];
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(fields)) headers.set(name, String(value));
  return { kind: "http", status: Number(fields[":status"]), headers, body };
}

/** Open a connection without HTTP, say something and await the upstream's echo. */
export async function askTcp(connection: PodConnection): Promise<Answer> {
  let socket: Socket | undefined;
  try {
    socket = await connectAsPod(connection);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket?.destroy(new Error("no answer in time")));
    socket.write("hello\n");
    for await (const chunk of socket) {
      const echoed = String(chunk) === "hello\n";
      return echoed ? { kind: "connected" } : { kind: "refused", why: "the answer is not an echo" };
    }
    return { kind: "refused", why: "closed without an answer" };
  } catch (reason) {
    return { kind: "refused", why: toError(reason).message };
  } finally {
    socket?.destroy();
  }
}
