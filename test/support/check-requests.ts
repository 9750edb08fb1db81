import { loadDefinition } from "envoy-ext-authz-proto";

/** A CheckRequest or its parts as a plain object, names as in the protocol texts. */
export type Plain = Record<string, unknown>;

type Codec = { serialize(value: object): Buffer; deserialize(bytes: Buffer): object };

function codec(message: string): Codec {
  return loadDefinition()[message] as unknown as Codec;
}

/** Our texts' encoding of an AttributeContext, wrapped into a CheckRequest. */
export function encodeCheckRequest(attributes: object, version: "v2" | "v3" = "v3"): Buffer {
  return codec(`envoy.service.auth.${version}.CheckRequest`).serialize({ attributes });
}

export type PlainResponse = {
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly ok_response?: object;
  readonly denied_response?: {
    readonly status?: { readonly code?: string };
    readonly headers?: readonly { readonly header?: { readonly key?: string; readonly value?: string } }[];
    readonly body?: string;
  };
  readonly dynamic_metadata?: {
    readonly fields?: Record<string, { readonly stringValue?: string; readonly numberValue?: number }>;
  };
};

export function decodeCheckResponse(bytes: Buffer, version: "v2" | "v3" = "v3"): PlainResponse {
  return JSON.parse(JSON.stringify(codec(`envoy.service.auth.${version}.CheckResponse`).deserialize(bytes)));
}

/** `10.0.0.1:40000` as an Address. */
export function socketAddress(address: string, port: number, more: Plain = {}): Plain {
  return { socket_address: { address, port_value: port, ...more } };
}
