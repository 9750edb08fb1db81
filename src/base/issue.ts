/**
 * A located problem in what an operator gave us: a policy file, a flag, a received object.
 *
 * Issues are values: a reader collects all of them and never stops at the first.
 */
export type Issue = {
  /** Error: the object can't be used. Warning: it is used, but probably not as its author meant. */
  readonly severity: "error" | "warning";
  /** From the closed list below; documented in docs/operations.md. */
  readonly code: IssueCode;
  /** File with position (`policies/web.yaml:12:7`), or object with path (`NetworkPolicy shop/api spec.ingress[0]`). */
  readonly where: string;
  /** One lower-case sentence, no full stop; says what is wrong and what is allowed. */
  readonly message: string;
};

/** Every kind of issue, in one place; a test holds docs/operations.md against it. */
export const ISSUE_CODES = [
  "bad_document", // not YAML or JSON, or not one of the kinds that are read
  "bad_value", // a field's value is of the wrong type or out of its range
  "unknown_key", // a key that no version of the kind has, under the spec of a policy kind
  "duplicate_key", // the same key twice in one mapping
  "duplicate_object", // the same kind, namespace and name twice
  "missing_field", // a required field is absent
  "bad_name", // an object's name breaks the rules of its kind
  "bad_selector", // a selector that does not parse, or is not allowed where it stands
  "bad_cidr", // an address or CIDR that does not parse or carries host bits
  "bad_port", // a port, range or port name
  "bad_protocol", // a protocol name or number
  "bad_http", // an HTTP method or path that can never match
  "conflict", // fields that exclude each other
  "limit", // larger than we accept
  "missing_reference", // names an object that does not exist (a tier, a service, a profile)
  "reserved_label", // a label that only the engine may set
  "unreadable", // the file or directory itself could not be read
  "bad_order", // a received policy message that refers to what was not received before it
  "bad_message", // a received policy message that can't be used
] as const;

export type IssueCode = (typeof ISSUE_CODES)[number];

/** `policies/web.yaml:12:7: error: unknown key … [unknown_key]`, for terminals and logs; no colour. */
export function formatIssue(issue: Issue): string {
  return `${issue.where}: ${issue.severity}: ${issue.message} [${issue.code}]`;
}

/** Whether nothing worse than a warning is among them. */
export function hasErrors(issues: readonly Issue[]): boolean {
  return issues.some((issue) => issue.severity === "error");
}

/** What refuses to start because of what an operator gave us; the message is all issues, one a line. */
export class IssuesError extends Error {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(formatIssue).join("\n"));
    this.name = "IssuesError";
    this.issues = issues;
  }
}
