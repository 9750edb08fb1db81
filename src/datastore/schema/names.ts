/** What objects, labels, namespaces and service accounts may be called. */
import { OBJECT_NAME_MAX_CHARS, TIER_NAME_MAX_CHARS } from "../../base/limits.ts";
import { quote } from "../locate.ts";

const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const GLOBAL_POLICY_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)?$/;
/** Names that controllers give to copies of other systems' policies. */
const COPIED_POLICY_NAME =
  /^(?:knp|ossg)\.default\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Which rule the names of a kind follow. */
export type NameRule = "policy" | "global-policy" | "tier" | "subdomain";

const WORDS: Record<NameRule, string> = {
  policy:
    "lower-case letters, digits and `-`, with at most one dot (or `knp.default.` or `ossg.default.` before)",
  "global-policy": "lower-case letters, digits and `-`, with at most one dot",
  tier: "lower-case letters, digits and `-`, without a dot",
  subdomain: "lower-case letters, digits and `-`, in parts joined by dots",
};

/** What is wrong with an object's name, or undefined. */
export function nameProblem(name: string, rule: NameRule): string | undefined {
  const lengthMax = rule === "tier" ? TIER_NAME_MAX_CHARS : OBJECT_NAME_MAX_CHARS;
  if (name.length > lengthMax)
    return `a name has at most ${lengthMax} characters; this one has ${name.length}`;
  if (matchesRule(name, rule)) return undefined;
  return `${quote(name)} is not a name: ${WORDS[rule]}; each part begins and ends with a letter or digit`;
}

function matchesRule(name: string, rule: NameRule): boolean {
  switch (rule) {
    case "policy":
      return GLOBAL_POLICY_NAME.test(name) || COPIED_POLICY_NAME.test(name);
    case "global-policy":
      return GLOBAL_POLICY_NAME.test(name);
    case "tier":
      return DNS_LABEL.test(name);
    case "subdomain":
      return DNS_SUBDOMAIN.test(name);
  }
}

/** The same for editors, as the text of a regular expression. */
export function namePattern(rule: NameRule): string {
  switch (rule) {
    case "policy":
      return `${GLOBAL_POLICY_NAME.source}|${COPIED_POLICY_NAME.source}`;
    case "global-policy":
      return GLOBAL_POLICY_NAME.source;
    case "tier":
      return DNS_LABEL.source;
    case "subdomain":
      return DNS_SUBDOMAIN.source;
  }
}

/** A namespace's name: DNS-1123 label. */
export function isNamespaceName(name: string): boolean {
  return name.length <= 63 && DNS_LABEL.test(name);
}

/** The name of a service account or service: DNS-1123 subdomain. */
export function isSubdomain(name: string): boolean {
  return name.length <= OBJECT_NAME_MAX_CHARS && DNS_SUBDOMAIN.test(name);
}

const QUALIFIED_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** A Kubernetes label's name: `app`, `example.com/app`. */
export function isLabelName(name: string): boolean {
  const slash = name.indexOf("/");
  if (slash === -1) return QUALIFIED_NAME.test(name);
  return isSubdomain(name.slice(0, slash)) && QUALIFIED_NAME.test(name.slice(slash + 1));
}

/** A Kubernetes label's value: empty, or up to 63 characters. */
export function isLabelValue(value: string): boolean {
  return value === "" || QUALIFIED_NAME.test(value);
}
