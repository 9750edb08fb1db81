import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PROTO_DIRECTORY, PROTOCOLS_FILE } from "envoy-ext-authz-proto";
import protobuf from "protobufjs";
import { officialProtos } from "../support/official-protos.ts";

function ownProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    protobuf.common.get(target) === null ? join(PROTO_DIRECTORY, target) : target;
  return root.loadSync(PROTOCOLS_FILE, { keepCase: true });
}

/** A field's number and type, the type's name without its package: what the wire sees. */
function fieldForms(type: protobuf.Type): Map<string, string> {
  return new Map(type.fieldsArray.map((field) => [field.name, fieldForm(field)]));
}

function fieldForm(field: protobuf.Field): string {
  const label = field.repeated ? "repeated " : "";
  const key = field instanceof protobuf.MapField ? `map of ${field.keyType} to ` : "";
  const oneof = field.partOf === null ? "" : ` in oneof ${field.partOf.name}`;
  return `${field.id} ${label}${key}${field.type.split(".").at(-1)}${oneof}`;
}

/** Ours, and what it stands for. The texts of envoy.api.v2.core are not shipped; v3 of them kept all numbers. */
const MESSAGES: readonly (readonly [ours: string, theirs: string])[] = [
  ...["v2", "v3"].flatMap((version) =>
    [
      "CheckRequest",
      "CheckResponse",
      "DeniedHttpResponse",
      "OkHttpResponse",
      "AttributeContext",
      "AttributeContext.Peer",
      "AttributeContext.Request",
      "AttributeContext.HttpRequest",
    ].map((name) => same(`envoy.service.auth.${version}.${name}`)),
  ),
  ...["Address", "SocketAddress", "Pipe", "HeaderValue", "HeaderValueOption"].flatMap((name) => [
    same(`envoy.config.core.v3.${name}`),
    [`envoy.api.v2.core.${name}`, `envoy.config.core.v3.${name}`] as const,
  ]),
  same("envoy.config.core.v3.EnvoyInternalAddress"),
  same("envoy.type.v3.HttpStatus"),
  ["envoy.type.HttpStatus", "envoy.type.v3.HttpStatus"],
  same("google.rpc.Status"),
];

function same(name: string): readonly [string, string] {
  return [name, name];
}

describe("our protocol texts and Envoy's own", () => {
  const ours = ownProtos();
  const theirs = officialProtos(
    "envoy/service/auth/v2/external_auth.proto",
    "envoy/service/auth/v2alpha/external_auth.proto",
    "envoy/service/auth/v3/external_auth.proto",
    "envoy/type/v3/http_status.proto",
    "google/rpc/status.proto",
  );

  for (const [own, official] of MESSAGES) {
    it(`${own}: every field has the official number and type`, () => {
      const want = fieldForms(theirs.lookupType(official));
      const got = fieldForms(ours.lookupType(own));
      assert.ok(got.size > 0);
      for (const [field, form] of got) assert.equal(form, want.get(field), field);
    });
  }

  it("leaves no message of ours under Envoy's names uncompared", () => {
    const compared = new Set(MESSAGES.map(([own]) => own));
    const all = messagesBelow(ours.lookup("envoy") as protobuf.Namespace);
    assert.ok(all.length >= MESSAGES.length - 1);
    assert.deepEqual(
      all.filter((name) => !compared.has(name)),
      [],
    );
  });

  for (const name of ["envoy.type.v3.StatusCode", "envoy.config.core.v3.SocketAddress.Protocol"]) {
    it(`${name}: every value has the official number`, () => {
      const want = theirs.lookupEnum(name).values;
      const got = ours.lookupEnum(name).values;
      assert.ok(Object.keys(got).length > 1);
      for (const [value, number] of Object.entries(got)) assert.equal(number, want[value], value);
    });
  }

  for (const version of ["v2", "v2alpha", "v3"]) {
    it(`${version}: the service has the official method and messages`, () => {
      const name = `envoy.service.auth.${version}.Authorization`;
      assert.deepEqual(methodForms(ours.lookupService(name)), methodForms(theirs.lookupService(name)));
    });
  }
});

function messagesBelow(namespace: protobuf.Namespace): string[] {
  return namespace.nestedArray.flatMap((nested) => {
    const own = nested instanceof protobuf.Type ? [nested.fullName.slice(1)] : [];
    return nested instanceof protobuf.Namespace ? [...own, ...messagesBelow(nested)] : own;
  });
}

function methodForms(service: protobuf.Service): object[] {
  assert.ok(service.methodsArray.length > 0);
  return service.methodsArray.map((method) => ({
    name: method.name,
    // v2alpha takes v2's messages.
    request: service.lookupType(method.requestType).fullName,
    response: service.lookupType(method.responseType).fullName,
    streams: [method.requestStream ?? false, method.responseStream ?? false],
  }));
}
