/** Checks as a real Envoy sent them, encoded with Envoy's own protocol texts. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";

/** `http`: about 1 KB with common headers. `http-certificate`: the same with the peer's certificate. `tcp`: the network filter's. */
export const REQUEST_NAMES = ["http", "http-certificate", "tcp"] as const;

export type RequestName = (typeof REQUEST_NAMES)[number];

export function isRequestName(name: string | undefined): name is RequestName {
  return REQUEST_NAMES.some((known) => known === name);
}

/** The bytes of `bench/requests/NAME.json`, with another path, method or principal where given. */
export function encodeRequest(name: RequestName, changes: Changes = {}): Buffer {
  const request = JSON.parse(readFileSync(new URL(`requests/${name}.json`, import.meta.url), "utf8"));
  const { source, request: part } = request.attributes;
  if (changes.path !== undefined) part.http.path = changes.path;
  if (changes.method !== undefined) part.http.method = changes.method;
  if (changes.principal !== undefined) source.principal = changes.principal;
  serialize ??= loadSerializer();
  if (changes.bytes === undefined) return serialize(request);
  for (let cookieBytes = 0; cookieBytes < changes.bytes; cookieBytes++) {
    part.http.headers.cookie = "c".repeat(cookieBytes);
    const encoded = serialize(request);
    if (encoded.length === changes.bytes) return encoded;
  }
  throw new Error(`${name} can't be made ${changes.bytes} bytes long`);
}

type Changes = {
  readonly path?: string;
  readonly method?: string;
  readonly principal?: string;
  /** How long the request becomes by a cookie. */
  readonly bytes?: number;
};

let serialize: ((request: object) => Buffer) | undefined;

function loadSerializer(): (request: object) => Buffer {
  const deps = join(
    dirname(createRequire(import.meta.url).resolve("@grpc/grpc-js-xds/package.json")),
    "deps",
  );
  const includeDirs = ["envoy-api", "googleapis", "protoc-gen-validate", "xds"].map((name) =>
    join(deps, name),
  );
  const definition = loadSync("envoy/service/auth/v3/external_auth.proto", { includeDirs, keepCase: true });
  const service = definition["envoy.service.auth.v3.Authorization"] as ServiceDefinition | undefined;
  if (service?.Check === undefined) throw new Error("no Authorization service in the official protocols");
  return service.Check.requestSerialize;
}
