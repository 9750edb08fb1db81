import { connect, createServer, type Server, type Socket } from "node:net";

/** What is done to the bytes that an agent sends on one connection. */
export type Fault = {
  /** Cut the connection after this many bytes. */
  readonly cutAfterBytes: number;
  /** Pass bytes on in pieces of at most this size. */
  readonly pieceBytes: number;
  /** Stop reading for so long after the first bytes, which delays all that follows; 0: go on. */
  readonly stallMs: number;
};

/** Stands between a client and a server on Unix sockets, and does each connection the harm that `nextFault` chooses. */
export class FaultProxy {
  readonly #server: Server;
  readonly #target: string;
  readonly #nextFault: () => Fault;
  readonly #sockets = new Set<Socket>();
  /** Connections that were cut. */
  cuts = 0;

  constructor(target: string, nextFault: () => Fault) {
    this.#target = target;
    this.#nextFault = nextFault;
    this.#server = createServer((client) => this.#join(client));
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, resolve);
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    const fault = this.#nextFault();
    const agent = connect(this.#target);
    let passedBytes = 0;
    for (const socket of [client, agent]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        agent.destroy();
      });
    }
    client.on("data", (bytes) => agent.write(bytes));
    agent.once("data", () => {
      if (fault.stallMs === 0) return;
      agent.pause();
      setTimeout(() => agent.resume(), fault.stallMs);
    });
    agent.on("data", (bytes) => {
      for (let at = 0; at < bytes.length; at += fault.pieceBytes) {
        const piece = bytes
          .subarray(at, at + fault.pieceBytes)
          .subarray(0, fault.cutAfterBytes - passedBytes);
        passedBytes += piece.length;
        client.write(piece);
        if (passedBytes < fault.cutAfterBytes) continue;
        this.cuts++;
        client.end();
        agent.destroy();
        return;
      }
    });
  }
}
