/** For curl: a loopback port that says on every connection whose address the caller plays. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Address, proxyHeader } from "./pod-connection.ts";

export type Gate = { readonly port: number; readonly close: () => Promise<void> };

/** Forward connections to a listener of Envoy's as if they came from `source`. */
export async function openGate(options: {
  readonly listenerPort: number;
  readonly source: string;
  readonly destination: Address;
}): Promise<Gate> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const onward = connect({ host: "127.0.0.1", port: options.listenerPort });
    onward.write(proxyHeader({ address: options.source, port: socket.remotePort ?? 1 }, options.destination));
    // One side gone takes the other with it.
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
