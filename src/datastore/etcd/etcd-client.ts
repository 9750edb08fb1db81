/**
 * A client of one etcd cluster: reads, transactions and watches, over one connection to one of its members.
 *
 * The connection is used until something fails on it; then the next member in the list is asked. Everything has a
 * deadline. What goes wrong is a value.
 */
import type { EtcdRangeResponseOutput, EtcdRequestOp, EtcdTxnResponseOutput } from "envoy-ext-authz-proto";
import type { Clock } from "../../base/clock.ts";
import { LIST_PAGE_OBJECTS } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { EtcdAccess } from "./etcd-access.ts";
import { EtcdConnection } from "./etcd-connection.ts";
import { type EtcdEntry, type EtcdHeader, readEntry, readHeader } from "./etcd-entry.ts";
import { type EtcdError, etcdError } from "./etcd-error.ts";
import { EtcdWatch, type EtcdWatchEvents } from "./etcd-watch.ts";

export type EtcdRange = {
  readonly header: EtcdHeader;
  readonly entries: readonly EtcdEntry[];
  readonly hasMore: boolean;
};

export type EtcdRangeRequest = {
  readonly key: string | Buffer;
  /** Exclusive; absent: the one key. */
  readonly rangeEnd?: Buffer;
  readonly limit?: number;
  /** Absent: the latest. */
  readonly revision?: bigint;
  readonly areKeysEnough?: boolean;
};

/** `value` undefined: delete. */
export type EtcdWrite = { readonly key: string; readonly value: string | undefined };

export type EtcdTxn = {
  /** What must be so: the revision of a key's last write, 0 for a key that is absent. */
  readonly compare: readonly { readonly key: string; readonly modRevision: bigint }[];
  /** Done all together or not at all. */
  readonly writes: readonly EtcdWrite[];
  /** Told if the comparison fails. */
  readonly elseRead?: readonly string[];
};

export type EtcdTxnAnswer = {
  readonly header: EtcdHeader;
  /** False: something was not as compared, and nothing was written. */
  readonly isDone: boolean;
  /** Of `elseRead`, in its order; undefined: absent. */
  readonly found: readonly (EtcdEntry | undefined)[];
};

export class EtcdClient {
  readonly #clock: Clock;
  readonly #access: EtcdAccess;
  #next = 0;
  #connection: EtcdConnection | undefined;
  #connecting: Promise<Result<EtcdConnection, EtcdError>> | undefined;
  readonly #watches = new Set<EtcdWatch>();
  #isClosed = false;

  constructor(clock: Clock, access: EtcdAccess) {
    this.#clock = clock;
    this.#access = access;
  }

  /** Of the latest state that a majority agrees on. */
  range(request: EtcdRangeRequest): Promise<Result<EtcdRange, EtcdError>> {
    const { key, rangeEnd, limit = 0, revision, areKeysEnough = false } = request;
    const wire = {
      key: Buffer.from(key),
      limit,
      keys_only: areKeysEnough,
      ...(rangeEnd === undefined ? {} : { range_end: rangeEnd }),
      ...(revision === undefined ? {} : { revision: revision.toString() }),
    };
    return this.#read(async (connection) => {
      const answer = await connection.call<EtcdRangeResponseOutput>((metadata, options, done) => {
        connection.kv.range(wire, metadata, options, done);
      });
      return answer.ok ? readRange(answer.value) : answer;
    });
  }

  /**
   * Everything below a prefix as it was at one revision, page by page; the first header's. Pages that are too large are
   * asked for again with fewer objects.
   */
  async list(
    prefix: string,
    onPage: (entries: readonly EtcdEntry[]) => void,
    signal?: AbortSignal,
  ): Promise<Result<EtcdHeader, EtcdError>> {
    const rangeEnd = prefixEnd(prefix);
    let key: string | Buffer = prefix;
    let limit = LIST_PAGE_OBJECTS;
    let header: EtcdHeader | undefined;
    for (;;) {
      const request = { key, rangeEnd, limit };
      const page = await this.range(
        header === undefined ? request : { ...request, revision: header.revision },
      );
      if (signal?.aborted === true) return err(etcdError("away", "given up"));
      if (!page.ok && page.error.kind === "too_large" && limit > 1) {
        limit = Math.ceil(limit / 8);
        continue;
      }
      if (!page.ok) return page;
      header ??= page.value.header;
      onPage(page.value.entries);
      const last = page.value.entries.at(-1);
      if (!page.value.hasMore) return ok(header);
      if (last === undefined) return err(etcdError("nonsense", "a page without keys, and more to follow"));
      key = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }

  /** Sent once: where the answer is lost, `mayBeDone` of the error says so. */
  async txn({ compare, writes, elseRead = [] }: EtcdTxn): Promise<Result<EtcdTxnAnswer, EtcdError>> {
    const wire = {
      compare: compare.map(({ key, modRevision }) => ({
        result: "EQUAL" as const,
        target: "MOD" as const,
        key: Buffer.from(key),
        mod_revision: modRevision.toString(),
      })),
      success: writes.map(toRequestOp),
      failure: elseRead.map((key) => ({ request_range: { key: Buffer.from(key) } })),
    };
    let attempts = 0;
    for (;;) {
      const connected = await this.#connect();
      if (!connected.ok) return connected;
      const connection = connected.value;
      const answer = await connection.call<EtcdTxnResponseOutput>((metadata, options, done) => {
        connection.kv.txn(wire, metadata, options, done);
      });
      if (answer.ok) return readTxn(answer.value, elseRead.length);
      this.#note(connection, answer.error);
      const isSafe =
        answer.error.kind === "stale_login" || (answer.error.kind === "away" && !answer.error.mayBeDone);
      if (!isSafe || ++attempts > this.#access.endpoints.length) return answer;
      if (answer.error.kind === "stale_login") await connection.logIn();
    }
  }

  /** Every change below a prefix from a revision on; `events.onEnd` comes once, unless it is closed. */
  async watch(
    request: { readonly prefix: string; readonly fromRevision: bigint },
    events: EtcdWatchEvents,
  ): Promise<Result<EtcdWatch, EtcdError>> {
    const connected = await this.#connect();
    if (!connected.ok) return connected;
    const connection = connected.value;
    const { prefix, fromRevision } = request;
    const range = { key: Buffer.from(prefix), rangeEnd: prefixEnd(prefix), fromRevision };
    const watch: EtcdWatch = new EtcdWatch(connection.watch(), range, {
      ...events,
      onEnd: (error) => {
        this.#watches.delete(watch);
        // Whatever it was, the next one begins with a new connection and a new log-in.
        this.#drop(connection);
        events.onEnd(error);
      },
    });
    this.#watches.add(watch);
    return ok(watch);
  }

  /** Gives up the connection it has for another: something says that it may be dead. */
  reconnect(): void {
    if (this.#connection !== undefined) this.#drop(this.#connection);
  }

  close(): void {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.close();
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #read<T>(
    ask: (connection: EtcdConnection) => Promise<Result<T, EtcdError>>,
  ): Promise<Result<T, EtcdError>> {
    let attempts = 0;
    for (;;) {
      const connected = await this.#connect();
      if (!connected.ok) return connected;
      const connection = connected.value;
      const answer = await ask(connection);
      if (answer.ok) return answer;
      this.#note(connection, answer.error);
      const isWorthIt = answer.error.kind === "away" || answer.error.kind === "stale_login";
      if (!isWorthIt || this.#isClosed || ++attempts > this.#access.endpoints.length) return answer;
      if (answer.error.kind === "stale_login") await connection.logIn();
    }
  }

  #connect(): Promise<Result<EtcdConnection, EtcdError>> {
    if (this.#connection !== undefined) return Promise.resolve(ok(this.#connection));
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** The members in turn, each once. */
  async #open(): Promise<Result<EtcdConnection, EtcdError>> {
    const { endpoints } = this.#access;
    const failures: string[] = [];
    let last: EtcdError | undefined;
    for (let tried = 0; tried < endpoints.length; tried++) {
      const endpoint = endpoints[this.#next % endpoints.length];
      if (endpoint === undefined || this.#isClosed) break;
      const opened = await EtcdConnection.open(this.#clock, this.#access, endpoint);
      if (opened.ok) {
        if (this.#isClosed) opened.value.close();
        else this.#connection = opened.value;
        return this.#isClosed ? err(etcdError("away", "closed")) : opened;
      }
      this.#next++;
      last = opened.error;
      failures.push(endpoints.length === 1 ? last.message : `${endpoint.text}: ${last.message}`);
    }
    if (last === undefined) return err(etcdError("away", "closed"));
    return err(etcdError(last.kind, failures.join("; ")));
  }

  #note(connection: EtcdConnection, { kind }: EtcdError): void {
    if (kind === "away" || kind === "nonsense") this.#drop(connection);
  }

  #drop(connection: EtcdConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#next++;
    connection.close();
  }
}

/** The first key after all that begin with the prefix. */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] ?? 0xff;
    if (byte === 0xff) continue;
    end[at] = byte + 1;
    return end.subarray(0, at + 1);
  }
  return Buffer.of(0); // to etcd: to the end of everything
}

function readRange({
  header,
  kvs = [],
  more = false,
}: EtcdRangeResponseOutput): Result<EtcdRange, EtcdError> {
  const read = readHeader(header);
  if (read.revision < 1n) return err(etcdError("nonsense", "an answer without a revision"));
  return ok({ header: read, entries: kvs.map(readEntry), hasMore: more });
}

function readTxn(
  { header, succeeded = false, responses = [] }: EtcdTxnResponseOutput,
  reads: number,
): Result<EtcdTxnAnswer, EtcdError> {
  const read = readHeader(header);
  if (read.revision < 1n) return err(etcdError("nonsense", "an answer without a revision", true));
  if (succeeded) return ok({ header: read, isDone: true, found: [] });
  const found = Array.from({ length: reads }, (_, index) => {
    const [entry] = responses[index]?.response_range?.kvs ?? [];
    return entry && readEntry(entry);
  });
  return ok({ header: read, isDone: false, found });
}

function toRequestOp({ key, value }: EtcdWrite): EtcdRequestOp {
  if (value === undefined) return { request_delete_range: { key: Buffer.from(key) } };
  return { request_put: { key: Buffer.from(key), value: Buffer.from(value) } };
}
