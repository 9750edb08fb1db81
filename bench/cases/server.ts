/** The whole server over a Unix socket under h2load, beside a server that answers without looking. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHECK_PATH_V3 } from "envoy-ext-authz-proto";
import { SHOP, temporaryDirectory } from "../directories.ts";
import { median, report } from "../harness.ts";
import { encodeRequest } from "../requests.ts";
import { cpuMs, type ServerProcess, startConstantServer, startSidecar } from "../sidecar.ts";

const ROUNDS = 5;
const WARM_UP_CHECKS = 20_000;
const CHECKS = 30_000;

const body = createBody(encodeRequest("http-certificate"));
const servers = {
  ephor: await startSidecar({ policies: SHOP, workload: "shop/api" }),
  constant: await startConstantServer(),
};
load(servers.ephor, WARM_UP_CHECKS);
load(servers.constant, WARM_UP_CHECKS);
const ephor: Load[] = [];
const constant: Load[] = [];
for (let round = 0; round < ROUNDS; round++) {
  ephor.push(load(servers.ephor, CHECKS));
  constant.push(load(servers.constant, CHECKS));
}
await servers.ephor.stop();
await servers.constant.stop();

const ephorCpu = median(ephor.map(({ cpuUs }) => cpuUs));
const constantCpu = median(constant.map(({ cpuUs }) => cpuUs));
report({
  name: "server: checks a second",
  value: median(ephor.map(({ perSecond }) => perSecond)),
  unit: "1/s",
});
report({
  name: "constant server: checks a second",
  value: median(constant.map(({ perSecond }) => perSecond)),
  unit: "1/s",
});
report({ name: "server: CPU a check", value: ephorCpu, unit: "µs" });
report({ name: "constant server: CPU a check", value: constantCpu, unit: "µs" });
report({
  name: "server: CPU a check, times the constant server's",
  value: ephorCpu / constantCpu,
  unit: "×",
});

type Load = { readonly perSecond: number; readonly cpuUs: number };

/** Four connections with sixteen checks under way on each, as a busy Envoy has. */
function load(server: ServerProcess, checks: number): Load {
  const cpuBeforeMs = cpuMs(server.pid);
  const result = spawnSync(
    "h2load",
    [
      ...["-n", String(checks), "-c", "4", "-m", "16", "-d", body],
      ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
      ...["-B", `unix:${server.socket}`, `http://localhost${CHECK_PATH_V3}`],
    ],
    { encoding: "utf8" },
  );
  if (result.error !== undefined)
    throw new Error("h2load is missing: it is in Debian's package nghttp2-client", { cause: result.error });
  const perSecond = Number(/([0-9.]+) req\/s/.exec(result.stdout)?.[1]);
  const succeeded = Number(/(\d+) succeeded/.exec(result.stdout)?.[1]);
  if (succeeded !== checks || !(perSecond > 0)) throw new Error(`h2load: ${result.stdout}${result.stderr}`);
  return { perSecond, cpuUs: ((cpuMs(server.pid) - cpuBeforeMs) * 1000) / checks };
}

/** gRPC's frame around a message: not compressed, its length, itself. */
function createBody(message: Buffer): string {
  const path = join(temporaryDirectory(), "body");
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  writeFileSync(path, Buffer.concat([header, message]));
  return path;
}
