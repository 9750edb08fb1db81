/** What a rule says of one side of the connection: `source` or `destination`. */
import { z } from "zod";
import {
  IDENTITIES_PER_RULE_MAX,
  NETS_PER_RULE_SIDE_MAX,
  PORTS_PER_RULE_SIDE_MAX,
  SERVICE_ACCOUNTS_PER_RULE_MAX,
} from "../../base/limits.ts";
import { isTrustDomain, parseSpiffeId } from "../../identity/spiffe-id.ts";
import { quote } from "../locate.ts";
import type { EntityRule } from "../resources.ts";
import { listOf, RULE_CIDR, RULE_PORT, selectorField } from "./fields.ts";
import { isNamespaceName, isSubdomain } from "./names.ts";
import { pushProblem } from "./problem.ts";

const SERVICE_ACCOUNT_NAME: z.ZodType<string, unknown> = z.string().check((context) => {
  if (isSubdomain(context.value)) return;
  const message = `${quote(context.value)} can't be the name of a service account: lower-case letters, digits, \`-\` and dots`;
  pushProblem(context, { code: "bad_name", message });
});

const SERVICE_ACCOUNTS = z
  .strictObject({
    names: listOf(SERVICE_ACCOUNT_NAME, { max: SERVICE_ACCOUNTS_PER_RULE_MAX }).optional(),
    selector: selectorField("never").optional(),
  })
  .transform(({ names = [], selector }) => ({ names, selector }));

const SPIFFE_ID: z.ZodType<string, unknown> = z.string().check((context) => {
  const id = parseSpiffeId(context.value);
  if (id.ok) return;
  pushProblem(context, {
    code: "bad_name",
    message: `${quote(context.value)} is not a SPIFFE ID: it ${id.error}`,
  });
});

const TRUST_DOMAIN: z.ZodType<string, unknown> = z.string().check((context) => {
  if (isTrustDomain(context.value)) return;
  const message = `${quote(context.value)} is not a trust domain: lower-case letters, digits, \`.\`, \`-\` and \`_\``;
  pushProblem(context, { code: "bad_name", message });
});

const IDENTITIES = z
  .strictObject({
    ids: listOf(SPIFFE_ID, { max: IDENTITIES_PER_RULE_MAX }).optional(),
    prefixes: listOf(SPIFFE_ID, { max: IDENTITIES_PER_RULE_MAX }).optional(),
    trustDomains: listOf(TRUST_DOMAIN, { max: IDENTITIES_PER_RULE_MAX }).optional(),
  })
  .check((context) => {
    const { ids = [], prefixes = [], trustDomains = [] } = context.value;
    if (ids.length + prefixes.length + trustDomains.length > 0) return;
    const message = "`identities` names nobody: write `ids`, `prefixes` or `trustDomains`";
    pushProblem(context, { code: "missing_field", message });
  })
  .meta({
    description:
      "SPIFFE IDs, any of these ways. In `source` of ingress rules, with `apiVersion: ephor.dev/v1`.",
  })
  .transform(({ ids = [], prefixes = [], trustDomains = [] }) => ({ ids, prefixes, trustDomains }));

const SERVICES = z
  .strictObject({
    name: z.string().check((context) => {
      if (isSubdomain(context.value)) return;
      pushProblem(context, {
        code: "bad_name",
        message: `${quote(context.value)} can't be the name of a service`,
      });
    }),
    namespace: z
      .string()
      .check((context) => {
        if (context.value === "" || isNamespaceName(context.value)) return;
        pushProblem(context, {
          code: "bad_name",
          message: `${quote(context.value)} can't be the name of a namespace`,
        });
      })
      .optional(),
  })
  .transform(({ name, namespace = "" }) => ({ name, namespace }));

/** Everything absent: any peer. */
export const ANY_ENTITY: EntityRule = {
  nets: [],
  notNets: [],
  selector: undefined,
  notSelector: undefined,
  namespaceSelector: undefined,
  ports: [],
  notPorts: [],
  serviceAccounts: undefined,
  services: undefined,
};

const NETS = listOf(RULE_CIDR, { max: NETS_PER_RULE_SIDE_MAX });
const PORTS = listOf(RULE_PORT, { max: PORTS_PER_RULE_SIDE_MAX });

export const ENTITY_RULE: z.ZodType<EntityRule, unknown> = z
  .strictObject({
    nets: NETS.optional(),
    notNets: NETS.optional(),
    selector: selectorField("never").optional(),
    notSelector: selectorField("never").optional(),
    namespaceSelector: selectorField("alone").optional(),
    ports: PORTS.optional(),
    notPorts: PORTS.optional(),
    serviceAccounts: SERVICE_ACCOUNTS.optional(),
    services: SERVICES.optional(),
    identities: IDENTITIES.optional(),
  })
  .meta({ id: "EntityRule" })
  .transform(
    (entity): EntityRule => ({
      nets: entity.nets ?? [],
      notNets: entity.notNets ?? [],
      selector: entity.selector,
      notSelector: entity.notSelector,
      namespaceSelector: entity.namespaceSelector,
      ports: entity.ports ?? [],
      notPorts: entity.notPorts ?? [],
      serviceAccounts: entity.serviceAccounts,
      services: entity.services,
      ...(entity.identities === undefined ? {} : { identities: entity.identities }),
    }),
  );
