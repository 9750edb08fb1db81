import { loadDefinition } from "envoy-ext-authz-proto";
import { decodeCheckRequest, HTTP_FOLLOWS_METADATA } from "../authz/index.ts";
import { assert } from "../base/assert.ts";
import type { PeerIdentityReader } from "../identity/peer-identity-reader.ts";
import { formatAddress, type IpAddress } from "../net/address.ts";
import { Flow } from "../policy/flow.ts";
import { UsageError } from "./io.ts";

/** A CheckRequest as plain data with the protocol's own field names, and what the call's metadata adds. */
export type CheckInput = {
  readonly request: { readonly attributes: object };
  /** The filter announced that the same connection is checked again per request. */
  readonly httpFollows: boolean;
};

/** One side of a connection, as far as it is known. */
export type CheckPeer = {
  readonly address: IpAddress | undefined;
  readonly port: number | undefined;
  /** Empty: shows no identity. */
  readonly principal: string;
};

/** What Envoy would send for such a request; `http` undefined is a connection. */
export function checkInput(call: {
  readonly source: CheckPeer;
  readonly destination: CheckPeer;
  readonly http: { readonly method: string; readonly path: string } | undefined;
  readonly httpFollows: boolean;
}): CheckInput {
  const { source, destination, http, httpFollows } = call;
  return {
    request: {
      attributes: {
        source: attributePeer(source),
        destination: attributePeer(destination),
        ...(http === undefined ? {} : { request: { http: { ...http, protocol: "HTTP/1.1" } } }),
      },
    },
    httpFollows,
  };
}

/**
 * Reads a CheckRequest written as JSON: `{"attributes": …}`, or that under `request` beside `grpc_metadata`, as a
 * recording has it. Field names as in the protocol's texts, or in camel case, as JSON tools write them.
 */
export function parseCheckInput(text: string): CheckInput {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`not JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(value)) throw new UsageError("not a JSON object");
  const recorded = isObject(value["request"]) ? value["request"] : value;
  const attributes = snakeCaseKeys(recorded["attributes"]);
  if (!isObject(attributes)) {
    throw new UsageError("not a CheckRequest: it has no `attributes`, nor has its `request`");
  }
  const metadata = isObject(value["grpc_metadata"]) ? value["grpc_metadata"] : {};
  return { request: { attributes }, httpFollows: metadata[HTTP_FOLLOWS_METADATA] === "true" };
}

/** Encodes the request and decodes it as the server does, so that what is judged is what the server would judge. */
export function readFlow(input: CheckInput, identity: PeerIdentityReader): Flow {
  const flow = new Flow();
  const isDecoded = decodeCheckRequest(encode(input.request), flow, identity, "v3");
  assert(isDecoded, "what the protocol library encodes can be decoded");
  flow.httpFollows = input.httpFollows;
  return flow;
}

function encode(request: CheckInput["request"]): Buffer {
  const service = loadDefinition()["envoy.service.auth.v3.Authorization"];
  const method = service !== undefined && "Check" in service ? service["Check"] : undefined;
  assert(method !== undefined, "the protocol texts define Check");
  try {
    return method.requestSerialize(request);
  } catch (error) {
    throw new UsageError(`not a CheckRequest: ${error instanceof Error ? error.message : error}`);
  }
}

function attributePeer({ address, port, principal }: CheckPeer): object {
  const socket = {
    ...(address === undefined ? {} : { address: formatAddress(address) }),
    ...(port === undefined ? {} : { port_value: port }),
  };
  return {
    principal,
    ...(address === undefined && port === undefined ? {} : { address: { socket_address: socket } }),
  };
}

/** Keys below these are data, not field names. */
const MAPS = new Set([
  "headers",
  "labels",
  "context_extensions",
  "metadata_context",
  "route_metadata_context",
]);

function snakeCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCaseKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [name, MAPS.has(name) ? child : snakeCaseKeys(child)];
    }),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
