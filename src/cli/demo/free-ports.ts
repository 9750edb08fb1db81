import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below those that systems hand out by themselves, to listeners on port 0 and to every connection that is made. */
const PORT_FIRST = 12_000;
const PORT_LAST = 32_000;
const TRIES_MAX = 200;

/**
 * So many TCP ports of the loopback address that nobody listens on, all of them different.
 *
 * They are chosen at random where the system gives none away, so that one is still free when it is listened on, and again after whoever
 * listened was killed.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, Server>();
  for (let tries = 0; servers.size < count; tries++) {
    if (tries === TRIES_MAX) throw new Error(`no free ports from ${PORT_FIRST} to ${PORT_LAST} of 127.0.0.1`);
    const port = randomInt(PORT_FIRST, PORT_LAST);
    const server = createServer();
    const isFree = once(server.listen(port, "127.0.0.1"), "listening").then(
      () => true,
      () => false, // somebody has it
    );
    if (await isFree) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...servers.keys()];
}
