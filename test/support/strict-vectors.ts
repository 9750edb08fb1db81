/**
 * Reads the strict vectors, `test/vectors/strict/*.yaml`: what each row of docs/semantics.md means, request by request.
 *
 * test/vectors/strict/README.md describes the format. A key that is not known is an error, so that a vector cannot
 * say less than its author meant.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { NO_IDENTITY, type PeerIdentity } from "../../src/identity/peer-identity.ts";
import { decodeMessage } from "../../src/policy/decode-message.ts";
import type { Message } from "../../src/policy/messages.ts";
import { DEFAULT_POLICY_OPTIONS, type PolicyOptions } from "../../src/policy/options.ts";
import type { Decider } from "../../src/policy/verdict.ts";
import { FOREIGN, FOREIGN_DOMAIN, type Request } from "./generate-flow.ts";
import { byteString } from "./recorded-vectors.ts";

export type StrictVector = {
  readonly file: string;
  readonly about: string;
  readonly options: PolicyOptions;
  readonly messages: readonly Message[];
  readonly requests: readonly StrictRequest[];
};

export type StrictRequest = {
  /** Why the verdict is what it is. */
  readonly about: string;
  readonly request: Request;
  readonly allowed: boolean;
  readonly reason: string | undefined;
  /** As `deciderText` writes it. */
  readonly decider: string;
};

const DIRECTORY = new URL("../vectors/strict/", import.meta.url);

export function readStrictVectors(): StrictVector[] {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((file) => {
    const document = new Fields(parse(readFileSync(new URL(file, DIRECTORY), "utf8")), file);
    document.text("about");
    const cases = document.list("cases");
    document.end();
    return cases.map((each, index) => readCase(file, new Fields(each, `${file} case ${index}`)));
  });
}

/** `NetworkPolicy prod/api 0`, `tier default` or `none`. */
export function deciderText(decider: Decider): string {
  switch (decider.kind) {
    case "rule":
      return `${decider.policy} ${decider.ruleIndex}`;
    case "tier":
      return `tier ${decider.tier}`;
    case "none":
      return "none";
  }
}

/** The fields of one mapping, each asked for once; `end` refuses what nobody asked for. */
class Fields {
  readonly #values: Map<string, unknown>;
  readonly #where: string;
  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`${where}: a mapping`);
    this.#values = new Map(Object.entries(value));
    this.#where = where;
  }

  get where(): string {
    return this.#where;
  }

  take(key: string): unknown {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  text(key: string, otherwise?: string): string {
    const value = this.take(key) ?? otherwise;
    if (typeof value !== "string") throw new Error(`${this.#where}: \`${key}\` must be text`);
    return value;
  }

  number(key: string, otherwise: number): number {
    const value = this.take(key) ?? otherwise;
    if (typeof value !== "number") throw new Error(`${this.#where}: \`${key}\` must be a number`);
    return value;
  }

  list(key: string): unknown[] {
    const value = this.take(key) ?? [];
    if (!Array.isArray(value)) throw new Error(`${this.#where}: \`${key}\` must be a list`);
    return value;
  }

  entries(key: string): [string, unknown][] {
    return Object.entries((this.take(key) ?? {}) as object);
  }

  end(): void {
    const left = [...this.#values.keys()];
    if (left.length > 0) throw new Error(`${this.#where}: unknown key \`${left[0]}\``);
  }
}

function readCase(file: string, fields: Fields): StrictVector {
  const about = fields.text("about");
  const options = { ...DEFAULT_POLICY_OPTIONS, ...readOptions(fields) };
  const messages = readMessages(fields);
  const requests = fields
    .list("requests")
    .map((each) => readRequest(new Fields(each, `${fields.where}, ${about}`)));
  fields.end();
  if (requests.length === 0) throw new Error(`${fields.where}: no requests`);
  return { file, about, options, messages, requests };
}

function readOptions(fields: Fields): Partial<PolicyOptions> {
  const given = new Fields(fields.take("options") ?? {}, `${fields.where} options`);
  const options = {
    semantics: given.text("semantics", "strict") as PolicyOptions["semantics"],
    peer: given.text("peer", "both") as PolicyOptions["peer"],
    requireIdentity: given.take("require_identity") === true,
    pathProfile: given.text("path_profile", "any") as PolicyOptions["pathProfile"],
  };
  given.end();
  return options;
}

type Payload = Readonly<Record<string, unknown>>;

/** Short forms become the payloads that they stand for; `messages` come after them as they are. */
function readMessages(fields: Fields): Message[] {
  const payloads: Payload[] = [];
  for (const [id, set] of fields.entries("sets")) payloads.push({ ipset_update: { id, ...(set as object) } });
  const tiers = readTiers(fields, payloads);
  const profileIds: string[] = [];
  for (const [name, profile] of fields.entries("profiles")) {
    profileIds.push(name);
    if (profile === "absent") continue;
    const body = Array.isArray(profile) ? { inbound_rules: profile } : profile;
    payloads.push({ active_profile_update: { id: { name }, profile: body } });
  }
  payloads.push(...readEndpoint(fields, tiers, profileIds));
  for (const [id, labels] of fields.entries("service_accounts")) {
    const [namespace, name] = id.split("/");
    payloads.push({ service_account_update: { id: { namespace, name }, labels } });
  }
  for (const [name, labels] of fields.entries("namespaces")) {
    payloads.push({ namespace_update: { id: { name }, labels } });
  }
  payloads.push(...(fields.list("messages") as Payload[]));
  return payloads.map((payload) => {
    const decoded = decodeMessage(payload);
    if (!decoded.ok) throw new Error(`${fields.where}: ${decoded.error.where}: ${decoded.error.message}`);
    return decoded.value;
  });
}

/** `rules` is short for one policy, NetworkPolicy prod/api, in tier `default` that denies. */
function readTiers(fields: Fields, payloads: Payload[]): Payload[] {
  const rules = fields.take("rules");
  const given = fields.take("tiers") as Payload[] | undefined;
  const tiers =
    given ?? (rules === undefined ? [] : [{ name: "default", policies: { [OWN_POLICY]: rules } }]);
  return tiers.map((tier) => {
    const tierFields = new Fields(tier, `${fields.where} tier`);
    const name = tierFields.text("name");
    const ids = tierFields.entries("policies").map(([text, policy]) => {
      const id = readPolicyId(text);
      if (policy !== "absent") {
        const body = Array.isArray(policy) ? { inbound_rules: policy } : (policy as object);
        payloads.push({
          active_policy_update: { id, policy: { tier: name, namespace: id.namespace, ...body } },
        });
      }
      return id;
    });
    const defaultAction = tierFields.text("default_action", "Deny");
    tierFields.end();
    return { name, ingress_policies: ids, default_action: defaultAction };
  });
}

const OWN_POLICY = "NetworkPolicy prod/api";

function readPolicyId(text: string): {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
} {
  const parts = /^(\w+) (?:([^/]+)\/)?([^/]+)$/.exec(text);
  if (parts === null) throw new Error(`\`${text}\` is not KIND NAMESPACE/NAME`);
  return { kind: parts[1]!, namespace: parts[2] ?? "", name: parts[3]! };
}

function readEndpoint(fields: Fields, tiers: readonly Payload[], profileIds: readonly string[]): Payload[] {
  const given = fields.take("endpoint");
  if (given === "absent") return [];
  const own = new Fields(given ?? {}, `${fields.where} endpoint`);
  const id = {
    orchestrator_id: own.text("orchestrator", "k8s"),
    workload_id: own.text("workload", "prod/api-0"),
    endpoint_id: "eth0",
  };
  const more = own.list("profile_ids");
  own.end();
  const endpoint = {
    state: "active",
    profile_ids: [...profileIds, ...more],
    ipv4_nets: ["10.0.1.1/32"],
    tiers,
  };
  return [{ workload_endpoint_update: { id, endpoint } }];
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, unknown: 0 };

function readRequest(fields: Fields): StrictRequest {
  const about = fields.text("about");
  const from = fields.text("from", "10.0.0.1");
  const to = fields.text("to", "10.0.1.1");
  const http = fields.take("http");
  if (http !== undefined && http !== "none")
    throw new Error(`${fields.where}: \`http\` is \`none\` or left out`);
  const method = fields.text("method", "GET");
  const path = fields.text("path", "/");
  const request: Request = {
    sourceAddress: from === "none" ? undefined : from,
    sourcePort: fields.number("from_port", 40_000),
    destinationAddress: to === "none" ? undefined : to,
    destinationPort: fields.number("to_port", 8080),
    protocol: PROTOCOLS[fields.text("protocol", "tcp")]!,
    peer: readPeer(fields.text("peer", "none")),
    destinationPeer: readPeer(fields.text("destination_peer", "none")),
    http: http === "none" ? undefined : { method: byteString(method), path: byteString(path) },
    httpFollows: fields.take("http_follows") === true,
  };
  const verdict = fields.text("verdict");
  const allowed = verdict === "allow";
  if (!allowed && verdict !== "deny")
    throw new Error(`${fields.where}: \`verdict\` is \`allow\` or \`deny\``);
  const reason = allowed ? undefined : fields.text("reason");
  const decider = fields.text("decider");
  fields.end();
  return { about, request, allowed, reason, decider: readDecider(decider) };
}

/** A bare number is that rule of the policy that `rules` stands for. */
function readDecider(text: string): string {
  return /^[0-9]+$/.test(text) ? `${OWN_POLICY} ${text}` : text;
}

function readPeer(text: string): PeerIdentity {
  switch (text) {
    case "none":
      return NO_IDENTITY;
    case "foreign":
      return FOREIGN;
    case "other-domain":
      return FOREIGN_DOMAIN;
  }
  if (text.startsWith("spiffe://")) {
    const otherTrustDomain = text.split("/")[2] !== "cluster.local";
    return {
      kind: "foreign",
      id: text,
      otherTrustDomain,
      why: "not a service account of ours",
      spiffeId: text,
    };
  }
  const [namespace, name] = text.split("/");
  if (namespace === undefined || name === undefined) throw new Error(`\`${text}\` is not a peer`);
  const id = `spiffe://cluster.local/ns/${namespace}/sa/${name}`;
  return { kind: "service-account", id, namespace, name };
}
