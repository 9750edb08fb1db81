/** A gRPC server in a process of its own, which says what it takes: started with `fork`, with its socket's path as argument. */
import { createServer } from "node:net";
import { systemClock } from "../../src/base/clock.ts";
import { GrpcServer } from "../../src/http2/index.ts";
import { TEST_SERVICE } from "./grpc-test-service.ts";

/** What the process has taken so far. */
export type Usage = { readonly cpuMs: number; readonly residentBytes: number; readonly connections: number };

const [, , path = ""] = process.argv;
const server = new GrpcServer(systemClock, TEST_SERVICE, {
  streamsMax: 1_000,
  messageMaxBytes: 4_194_304,
  messageReadMaxBytes: 67_108_864,
  onError: (error) => {
    throw error;
  },
});
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = {
    cpuMs: (user + system) / 1_000,
    residentBytes: process.memoryUsage.rss(),
    connections: server.connectionCount,
  };
  process.send?.(usage);
});
process.on("disconnect", () => process.exit());
createServer((socket) => server.serve(socket)).listen(path, () => process.send?.("listening"));
