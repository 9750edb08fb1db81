import fc from "fast-check";
import type { Plain } from "./check-requests.ts";

/**
 * Random CheckRequests as plain objects for the official texts: every field that they have, absent as often as not, and
 * values that a decoder may stumble over.
 */
export function checkRequestArbitrary(): fc.Arbitrary<Plain> {
  return fc.record({ attributes: attributes() }, { requiredKeys: [] });
}

function attributes(): fc.Arbitrary<Plain> {
  return fc.record(
    {
      source: peer(),
      destination: peer(),
      request: fc.record(
        { time: fc.record({ seconds: fc.nat(), nanos: fc.nat() }), http: http() },
        { requiredKeys: [] },
      ),
      context_extensions: map(),
      metadata_context: fc.record({ filter_metadata: fc.constant({}) }, { requiredKeys: [] }),
      tls_session: fc.record({ sni: text() }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  );
}

function peer(): fc.Arbitrary<Plain> {
  return fc.record(
    { address: address(), service: text(), labels: map(), principal: principal(), certificate: text() },
    { requiredKeys: [] },
  );
}

function address(): fc.Arbitrary<Plain> {
  const ip = fc.oneof(
    { weight: 3, arbitrary: fc.ipV4() },
    { weight: 3, arbitrary: fc.ipV6() },
    fc.ipV4().map((text) => `::ffff:${text}`),
    text(),
  );
  const protocol = fc.constantFrom(0, 1, 2, -1);
  const port = fc.oneof(fc.nat({ max: 65_535 }), fc.constantFrom(0, 65_536, 4_294_967_295));
  const more = { resolver_name: text(), ipv4_compat: fc.boolean() };
  const withPort = fc.record({ protocol, address: ip, port_value: port, ...more }, { requiredKeys: [] });
  const withName = fc.record({ protocol, address: ip, named_port: text(), ...more }, { requiredKeys: [] });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ socket_address: withPort }) },
    fc.record({ socket_address: withName }),
    fc.record({ pipe: fc.record({ path: text(), mode: fc.nat() }, { requiredKeys: [] }) }),
    fc.record({ envoy_internal_address: fc.record({ server_listener_name: text() }, { requiredKeys: [] }) }),
    fc.constant({}),
  );
}

function http(): fc.Arbitrary<Plain> {
  return fc.record(
    {
      id: text(),
      method: fc.oneof(fc.constantFrom("GET", "POST", "", "get"), text()),
      headers: map(),
      header_map: fc.record({
        headers: fc.array(fc.record({ key: text(), raw_value: fc.uint8Array() }), { maxLength: 3 }),
      }),
      path: fc.oneof(fc.constantFrom("/", "/v1/x?y", "*", ""), text()),
      host: text(),
      scheme: text(),
      query: text(),
      fragment: text(),
      size: fc.integer(),
      protocol: fc.oneof(fc.constantFrom("HTTP/1.1", "HTTP/2", "HTTP/3", ""), text()),
      body: text(),
      raw_body: fc.uint8Array(),
    },
    { requiredKeys: [] },
  );
}

function principal(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom("", "spiffe://cluster.local/ns/shop/sa/web", "spiffe://other/ns/a/sa/b", "CN=x"),
    text(),
  );
}

function map(): fc.Arbitrary<Record<string, string>> {
  return fc.dictionary(text(), text(), { maxKeys: 3, noNullPrototype: true });
}

/** Well-formed, since a protobuf string is UTF-8. */
function text(): fc.Arbitrary<string> {
  return fc.string({ unit: "grapheme", maxLength: 12 });
}
