/** Requests without pause from several clients at once, while something happens to the servers. */
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { HttpAsk } from "../../src/cli/demo/ask.ts";
import { connectAsPod } from "../../src/cli/demo/pod-connection.ts";
import type { Caller, World } from "./envoy.ts";

export type Tally = ReadonlyMap<string, number>;

/** A status, or the code of the error that came instead. */
type Outcome = string;

/**
 * Each client has a connection of its own (HTTP/1.1, kept alive), and a new one when the server closes it.
 */
export class Traffic {
  readonly #tally = new Map<Outcome, number>();
  readonly #clients: Promise<void>[];
  #running = true;

  constructor(world: World, options: { listener: string; caller: Caller; ask: HttpAsk; clients: number }) {
    this.#clients = Array.from({ length: options.clients }, () => this.#client(world, options));
  }

  /** How often each outcome was seen so far. */
  get tally(): Tally {
    return this.#tally;
  }

  count(outcome: Outcome): number {
    return this.#tally.get(outcome) ?? 0;
  }

  get total(): number {
    let total = 0;
    for (const count of this.#tally.values()) total += count;
    return total;
  }

  /** Let every client finish its request; then the tally is final. */
  async stop(): Promise<Tally> {
    this.#running = false;
    await Promise.all(this.#clients);
    return this.#tally;
  }

  async #client(world: World, options: { listener: string; caller: Caller; ask: HttpAsk }): Promise<void> {
    const agent = podAgent(world, options);
    while (this.#running) {
      const outcome = await exchange(agent, options.ask).catch(
        (reason: unknown) => (reason as NodeJS.ErrnoException).code ?? String(reason),
      );
      this.#tally.set(outcome, (this.#tally.get(outcome) ?? 0) + 1);
    }
    agent.destroy();
  }
}

type Connected = (error: unknown, socket?: Socket) => void;

/** An agent of one connection, which plays the caller's address. */
function podAgent(world: World, options: { listener: string; caller: Caller }): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const createConnection = (_options: object, connected: Connected): void => {
    connectAsPod(world.connection(options.listener, options.caller)).then(
      (socket) => connected(null, socket),
      (reason: unknown) => connected(reason),
    );
  };
  return Object.assign(agent, { createConnection });
}

async function exchange(agent: Agent, ask: HttpAsk): Promise<Outcome> {
  const { method, path, headers } = ask;
  const signal = AbortSignal.timeout(10_000);
  const request = httpRequest({ agent, method, path, headers: { host: "api.shop", ...headers }, signal });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return String(response.statusCode);
}
