/** A CheckRequest's bytes to a flow: node bench/cases/decode.ts http|http-certificate|tcp */
import { decodeCheckRequest } from "../../src/authz/decode-check-request.ts";
import { systemClock } from "../../src/base/clock.ts";
import { PeerIdentityReader } from "../../src/identity/peer-identity-reader.ts";
import { Flow } from "../../src/policy/flow.ts";
import { measureAndReport } from "../harness.ts";
import { encodeRequest, isRequestName } from "../requests.ts";

const BUDGET_NS = 2000;

const name = process.argv[2];
if (!isRequestName(name)) throw new Error("names a request");
const bytes = encodeRequest(name);
const identity = new PeerIdentityReader(systemClock, {
  trustDomains: ["cluster.local"],
  semantics: "strict",
});
const flow = new Flow();
if (!decodeCheckRequest(bytes, flow, identity, "v3")) throw new Error("not decodable");
if (flow.peer.kind !== "service-account") throw new Error(`peer is ${JSON.stringify(flow.peer)}`);

measureAndReport(
  `decode ${name}, ${bytes.length} bytes`,
  (count) => {
    let ports = 0;
    for (let index = 0; index < count; index++) {
      decodeCheckRequest(bytes, flow, identity, "v3");
      ports += flow.sourcePort;
    }
    return ports;
  },
  BUDGET_NS,
);
