/** A real Envoy on the servers' core, with a listener for each filter that is compared. It answers requests itself. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http2";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { envoySearchHere, findEnvoy } from "../src/cli/demo/envoy-binary.ts";
import { cluster, httpAuthzFilter, type Json } from "../src/cli/demo/envoy-config.ts";
import { boundPorts, get } from "../src/cli/demo/envoy-process.ts";
import { pinned, SERVER_CORE } from "./cores.ts";
import { temporaryDirectory } from "./directories.ts";
import { spawnForBench } from "./sidecar.ts";

const TYPE = "type.googleapis.com/envoy";
const START_DEADLINE_MS = 20_000;
/** Not the recommended 200 ms: an answer that a busy machine delays is to be measured. */
const TIMEOUT_MS = 10_000;

export type EnvoyListener = {
  readonly name: string;
  /** Absent: the request is answered by the router alone. */
  readonly filter?: Json;
};

export type BenchEnvoy = {
  readonly pid: number;
  /** `127.0.0.1:PORT` */
  readonly address: (listener: string) => string;
  readonly stop: () => void;
};

/** @param sockets paths of ext_authz servers, by the name of their cluster. */
export async function startEnvoy(
  listeners: readonly EnvoyListener[],
  sockets: Readonly<Record<string, string>>,
): Promise<BenchEnvoy> {
  const binary = await findEnvoy(envoySearchHere((line) => process.stderr.write(`${line}\n`)));
  const folder = temporaryDirectory();
  const config = join(folder, "envoy.json");
  const admin = join(folder, "admin");
  const bootstrap: Json = {
    admin: { address: { pipe: { path: admin } } },
    node: { id: "ephor-bench", cluster: "ephor-bench" },
    static_resources: {
      listeners: listeners.map(listener),
      clusters: Object.entries(sockets).map(([name, path]) => cluster(name, path, true)),
    },
  };
  writeFileSync(config, JSON.stringify(bootstrap));
  const flags = ["--concurrency", "1", "--log-level", "error", "--disable-hot-restart"];
  const child = spawnForBench(pinned(SERVER_CORE, [binary.path, "--config-path", config, ...flags]));
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while ((await get(admin, "/ready")) !== "LIVE\n") {
    if (child.exitCode !== null || performance.now() > deadlineMs) throw new Error("Envoy did not start");
    await sleep(20);
  }
  const ports = await boundPorts(admin);
  return {
    pid: child.pid ?? 0,
    address: (name) => `127.0.0.1:${ports.get(name)}`,
    stop: () => child.kill("SIGKILL"),
  };
}

/** The filter of `deploy/envoy/http-filter.yaml`, asking another cluster. */
export function authzFilter(clusterName: string, options: { readonly sendAllHeaders?: boolean } = {}): Json {
  const filter = httpAuthzFilter({ ...options, timeoutMs: TIMEOUT_MS });
  const config = filter["typed_config"] as { readonly [key: string]: Json };
  const service = config["grpc_service"] as { readonly [key: string]: Json };
  return {
    ...filter,
    typed_config: { ...config, grpc_service: { ...service, envoy_grpc: { cluster_name: clusterName } } },
  };
}

/** An ext_authz server that allows, and keeps the size of the last check's message. */
export async function startRecorder(): Promise<{
  readonly socket: string;
  readonly lastBytes: () => number;
  readonly stop: () => void;
}> {
  const socket = join(temporaryDirectory(), "recorder");
  const server = createServer();
  let last = 0;
  server.on("stream", (stream) => {
    stream.on("error", () => {}); // Envoy is gone
    void buffer(stream).then((body) => {
      last = body.length - 5; // without gRPC's frame
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x00]));
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, lastBytes: () => last, stop: () => server.close() };
}

function listener({ name, filter }: EnvoyListener): Json {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${TYPE}.extensions.filters.http.router.v3.Router` },
  };
  const route = { match: { prefix: "/" }, direct_response: { status: 200 } };
  const manager = {
    "@type": `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    codec_type: "HTTP2",
    http_filters: [...(filter === undefined ? [] : [filter]), router],
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
  };
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
    ],
  };
}
