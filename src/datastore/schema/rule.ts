/** One rule of a policy or profile, and what its fields ask of each other. */
import { z } from "zod";
import { RULE_ANNOTATIONS_MAX_BYTES } from "../../base/limits.ts";
import { formatCidr } from "../../net/address.ts";
import { protocolNumber } from "../../net/protocol.ts";
import type { IcmpMatch, Protocol } from "../../policy/messages.ts";
import type { ValuePath } from "../locate.ts";
import type { EntityRule, PolicyRule, RulePort } from "../resources.ts";
import { ANY_ENTITY, ENTITY_RULE } from "./entity-rule.ts";
import { PROTOCOL, TEXT_MAP } from "./fields.ts";
import { HTTP_MATCH } from "./http-match.ts";
import { type Problem, pushProblem } from "./problem.ts";

export type RuleDirection = "ingress" | "egress";

/** Where a rule stands, since some fields are legal in one direction or scope only. */
export type RulePlace = { readonly direction: RuleDirection; readonly scope: "namespaced" | "cluster" };

const ICMP: z.ZodType<IcmpMatch, unknown> = z
  .strictObject({
    type: z.int().min(0).max(254),
    code: z.int().min(0).max(255).optional(),
  })
  .transform(({ type, code }) => (code === undefined ? { type } : { type, code }));

const ACTIONS = ["Allow", "Deny", "Log", "Pass"] as const;

/** Also read alone, where the rest of a rule is broken. */
export const ACTION: z.ZodType<PolicyRule["action"], unknown> = z.enum(ACTIONS);

const RULE_FIELDS = z
  .strictObject({
    action: ACTION,
    ipVersion: z.union([z.literal(4), z.literal(6)], { error: "bad_value expected 4 or 6" }).optional(),
    protocol: PROTOCOL.optional(),
    notProtocol: PROTOCOL.optional(),
    icmp: ICMP.optional(),
    notICMP: ICMP.optional(),
    source: ENTITY_RULE.optional(),
    destination: ENTITY_RULE.optional(),
    http: HTTP_MATCH.optional(),
    metadata: z.strictObject({ annotations: TEXT_MAP.optional() }).optional(),
  })
  .meta({ id: "Rule" });

/** The rule of one place: the same fields everywhere, checked for where they stand. */
export function ruleSchema(place: RulePlace): z.ZodType<PolicyRule, unknown> {
  return RULE_FIELDS.transform((fields, context) => {
    const rule: PolicyRule = {
      action: fields.action,
      ipVersion: fields.ipVersion,
      protocol: fields.protocol,
      notProtocol: fields.notProtocol,
      icmp: fields.icmp,
      notIcmp: fields.notICMP,
      source: fields.source ?? ANY_ENTITY,
      destination: fields.destination ?? ANY_ENTITY,
      http: fields.http,
      annotations: fields.metadata?.annotations ?? new Map(),
    };
    const problem = (path: ValuePath, code: Problem["code"], message: string): void =>
      pushProblem(context, { code, message }, path, fields);
    checkHttp(rule, place, problem);
    checkFamilies(rule, problem);
    checkIcmp(rule, problem);
    for (const side of ["source", "destination"] as const) {
      checkNets(rule[side], side, problem);
      checkPorts(rule, side, problem);
      checkServices(rule[side], side, place, problem);
    }
    checkIdentities(rule, place, problem);
    checkAnnotations(rule, problem);
    return context.issues.length > 0 ? z.NEVER : rule;
  });
}

type Report = (path: ValuePath, code: Problem["code"], message: string) => void;

function checkHttp(rule: PolicyRule, place: RulePlace, report: Report): void {
  if (rule.http === undefined) return;
  if (place.direction === "egress") report(["http"], "conflict", "`http` is allowed in ingress rules only");
  if (rule.action !== "Allow") {
    report(["http"], "conflict", `\`http\` is allowed with action Allow only, not with ${rule.action}`);
  }
  if (rule.protocol !== undefined && numberOf(rule.protocol) !== 6) {
    report(["protocol"], "conflict", "a rule with `http` has protocol TCP or none");
  }
}

function numberOf(protocol: Protocol): number | undefined {
  return "number" in protocol ? protocol.number : protocolNumber(protocol.name);
}

/** One address family a rule: `ipVersion`, ICMP or ICMPv6, and every CIDR must agree. */
function checkFamilies(rule: PolicyRule, report: Report): void {
  const number = rule.protocol === undefined ? undefined : numberOf(rule.protocol);
  if (rule.ipVersion === 6 && number === 1) report(["ipVersion"], "conflict", "ICMP needs `ipVersion: 4`");
  if (rule.ipVersion === 4 && number === 58) report(["ipVersion"], "conflict", "ICMPv6 needs `ipVersion: 6`");
  let family: 4 | 6 | undefined = rule.ipVersion;
  for (const side of ["source", "destination"] as const) {
    for (const field of ["nets", "notNets"] as const) {
      for (const [index, cidr] of rule[side][field].entries()) {
        family ??= cidr.address.family;
        if (cidr.address.family === family) continue;
        const message = `\`${formatCidr(cidr)}\` is IPv${cidr.address.family}, the rule is about IPv${family}: write one rule for each`;
        report([side, field, index], "conflict", message);
      }
    }
  }
}

function checkIcmp(rule: PolicyRule, report: Report): void {
  if (rule.icmp === undefined) return;
  const number = rule.protocol === undefined ? undefined : numberOf(rule.protocol);
  if (number !== 1 && number !== 58) report(["icmp"], "conflict", "`icmp` needs protocol ICMP or ICMPv6");
}

function checkNets(entity: EntityRule, side: string, report: Report): void {
  for (const [index, cidr] of entity.notNets.entries()) {
    if (cidr.length > 0) continue;
    report(
      [side, "notNets", index],
      "bad_cidr",
      `\`${formatCidr(cidr)}\` excludes every address, so the rule can never match`,
    );
  }
}

const PROTOCOLS_WITH_PORTS: ReadonlySet<number | undefined> = new Set([6, 17, 132]);

function checkPorts(rule: PolicyRule, side: "source" | "destination", report: Report): void {
  for (const field of ["ports", "notPorts"] as const) {
    const ports = rule[side][field];
    if (ports.length === 0) continue;
    if (rule.protocol === undefined) {
      if (ports.some(isNumeric)) {
        report(
          [side, field],
          "conflict",
          "port numbers need `protocol: TCP`, UDP or SCTP (names of ports don't)",
        );
      }
    } else if (!PROTOCOLS_WITH_PORTS.has(numberOf(rule.protocol))) {
      report([side, field], "conflict", "ports need protocol TCP, UDP or SCTP");
    }
  }
}

function isNumeric(port: RulePort): boolean {
  return "first" in port;
}

const NOT_WITH_SERVICES = ["selector", "notSelector", "namespaceSelector", "serviceAccounts"] as const;

function checkServices(
  entity: EntityRule,
  side: "source" | "destination",
  place: RulePlace,
  report: Report,
): void {
  if (entity.services === undefined) return;
  const legalSide = place.direction === "ingress" ? "source" : "destination";
  if (side !== legalSide) {
    report(
      [side, "services"],
      "conflict",
      `in ${place.direction} rules \`services\` is allowed in \`${legalSide}\` only`,
    );
  }
  if (place.scope === "cluster" && entity.services.namespace === "") {
    report([side, "services"], "missing_field", "missing: `namespace`, which a cluster-wide policy must say");
  }
  for (const field of NOT_WITH_SERVICES) {
    if (entity[field] !== undefined) report([side, field], "conflict", `\`services\` excludes \`${field}\``);
  }
  const lists =
    side === "destination"
      ? (["nets", "notNets", "ports", "notPorts"] as const)
      : (["nets", "notNets"] as const);
  for (const field of lists) {
    if (entity[field].length > 0) report([side, field], "conflict", `\`services\` excludes \`${field}\``);
  }
}

function checkIdentities(rule: PolicyRule, { direction }: RulePlace, report: Report): void {
  if (rule.destination.identities !== undefined) {
    report(["destination", "identities"], "conflict", "`identities` is allowed in `source` only");
  }
  if (direction === "egress" && rule.source.identities !== undefined) {
    report(["source", "identities"], "conflict", "`identities` is allowed in ingress rules only");
  }
}

function checkAnnotations(rule: PolicyRule, report: Report): void {
  let bytes = 0;
  for (const [key, value] of rule.annotations) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (bytes <= RULE_ANNOTATIONS_MAX_BYTES) return;
  const message = `the rule's annotations have ${bytes} bytes; at most ${RULE_ANNOTATIONS_MAX_BYTES} allowed`;
  report(["metadata", "annotations"], "limit", message);
}
