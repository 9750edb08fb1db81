import type { Mutant } from "./mutant.ts";

/** Rows about who the two sides are. */
export const IDENTITY_ROWS: readonly Mutant[] = [
  {
    name: "service account names: yes and no exchanged",
    file: "policy/identity-clauses.ts",
    find: "return names.has(subject.name) ? YES : NO;",
    replace: "return names.has(subject.name) ? NO : YES;",
  },
  {
    name: "service account names: nobody is no",
    file: "policy/identity-clauses.ts",
    find: 'case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return subject.otherTrustDomain ? NO : UNKNOWN;',
    replace:
      'case "none":\n      return NO;\n    case "foreign":\n      return subject.otherTrustDomain ? NO : UNKNOWN;',
  },
  {
    name: "service account names: nobody is yes",
    file: "policy/identity-clauses.ts",
    find: 'case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return subject.otherTrustDomain ? NO : UNKNOWN;',
    replace:
      'case "none":\n      return YES;\n    case "foreign":\n      return subject.otherTrustDomain ? NO : UNKNOWN;',
  },
  {
    name: "service account names: a foreign identity is no",
    file: "policy/identity-clauses.ts",
    find: "return subject.otherTrustDomain ? NO : UNKNOWN;",
    replace: "return NO;",
  },
  {
    name: "service account names: another trust domain is unknown",
    file: "policy/identity-clauses.ts",
    find: "return subject.otherTrustDomain ? NO : UNKNOWN;",
    replace: "return UNKNOWN;",
  },
  {
    name: "service account selector: another trust domain is no",
    file: "policy/identity-clauses.ts",
    find: 'return answerSelector(selector, NO_LABELS, YES, YES);\n    case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return UNKNOWN;',
    replace:
      'return answerSelector(selector, NO_LABELS, YES, YES);\n    case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return subject.otherTrustDomain ? NO : UNKNOWN;',
  },
  {
    name: "identities: yes and no exchanged",
    file: "policy/identity-clauses.ts",
    find: "return matchesIdentities(clause, subject.spiffeId) ? YES : NO;",
    replace: "return matchesIdentities(clause, subject.spiffeId) ? NO : YES;",
  },
  {
    name: "identities: nobody is no",
    file: "policy/identity-clauses.ts",
    find: 'if (clause === "bad" || subject.kind === "none" || subject.kind === "host") return UNKNOWN;',
    replace:
      'if (clause === "bad") return UNKNOWN;\n  if (subject.kind === "none" || subject.kind === "host") return NO;',
  },
  {
    name: "identities: a foreign one without a proven ID is no",
    file: "policy/identity-clauses.ts",
    find: "if (subject.spiffeId === undefined) return UNKNOWN;",
    replace: "if (subject.spiffeId === undefined) return NO;",
  },
  {
    name: "identities: a clause that names nothing is not there",
    file: "policy/compile/rule-model.ts",
    find: '(parseIdentities(entity.identityMatch) ?? "bad")',
    replace: "parseIdentities(entity.identityMatch)",
  },
  {
    name: "identities: a prefix ends anywhere",
    file: "identity/identity-match.ts",
    find: 'text.startsWith(prefix) && (text.length === prefix.length || text[prefix.length] === "/")',
    replace: "text.startsWith(prefix)",
  },
  {
    name: "service account selector: passed over beside names",
    file: "policy/identity-clauses.ts",
    find: "if (clause.selector === undefined) return names;",
    replace: "if (clause.selector === undefined || clause.names !== undefined) return names;",
  },
  {
    name: "service account selector: one that does not parse is everybody",
    file: "policy/identity-clauses.ts",
    find: 'if (clause.selector === "bad") return andAnswers(names, UNKNOWN);',
    replace: 'if (clause.selector === "bad") return names;',
  },
  {
    name: "labels not received are none",
    file: "policy/subject.ts",
    find: "const missing: Labels | undefined = isCalico ? NO_LABELS : undefined;",
    replace: "const missing: Labels | undefined = NO_LABELS;",
  },
  {
    name: "labels not received make every selector unknown",
    file: "policy/identity-clauses.ts",
    find: '  switch (selector.op) {\n    case "all":\n      return all;',
    replace:
      '  if (labels === undefined) return UNKNOWN;\n  switch (selector.op) {\n    case "all":\n      return all;',
  },
  {
    name: "namespace requirement: not that of the policy",
    file: "policy/identity-clauses.ts",
    find: "return clause.name === subject.namespace ? YES : NO;",
    replace: "return YES;",
  },
  {
    name: "namespace requirement: nobody meets it without a set",
    file: "policy/identity-clauses.ts",
    find: "return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;",
    replace: "return YES;",
  },
  {
    name: "namespace requirement: a set that carries it is no proof",
    file: "policy/identity-clauses.ts",
    find: "return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;",
    replace: "return subject.trusted ? YES : UNKNOWN;",
  },
  {
    name: "namespace requirement: --require-identity does nothing",
    file: "policy/identity-clauses.ts",
    find: "if (subject.requireIdentity) return UNKNOWN;",
    replace: "",
  },
  {
    name: "namespace requirement: a foreign identity is no",
    file: "policy/identity-clauses.ts",
    find: 'return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;\n    case "foreign":\n      return UNKNOWN;',
    replace:
      'return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;\n    case "foreign":\n      return NO;',
  },
  {
    name: "namespace requirement: a foreign identity is as good as none",
    file: "policy/identity-clauses.ts",
    find: 'return subject.trusted || side.setCarriesNamespace ? YES : UNKNOWN;\n    case "foreign":\n      return UNKNOWN;',
    replace: 'case "foreign":\n      return side.setCarriesNamespace ? YES : UNKNOWN;',
  },
  {
    name: "namespace requirement: global() is yes for who has a namespace",
    file: "policy/identity-clauses.ts",
    find: "return answerSelector(clause.selector, subject.namespaceLabels, YES, NO);",
    replace: "return answerSelector(clause.selector, subject.namespaceLabels, YES, YES);",
  },
  {
    name: "namespace requirement: all() is no for who has a namespace",
    file: "policy/identity-clauses.ts",
    find: "return answerSelector(clause.selector, subject.namespaceLabels, YES, NO);",
    replace: "return answerSelector(clause.selector, subject.namespaceLabels, NO, NO);",
  },
  {
    name: "namespace requirement: a selector that does not parse is none",
    file: "policy/identity-clauses.ts",
    find: 'if (clause.kind === "selector" && clause.selector === "bad") return UNKNOWN;',
    replace: 'if (clause.kind === "selector" && clause.selector === "bad") return NO;',
  },
  {
    name: "a range beside a named-port set is no way round it",
    file: "policy/compile/rule-model.ts",
    find: "return entity.namedPortIpSetIds.length > 0 && entity.ports.length === 0;",
    replace: "return entity.namedPortIpSetIds.length > 0;",
  },
  {
    name: "a named-port set carries nothing",
    file: "policy/compile/rule-model.ts",
    find: "return entity.namedPortIpSetIds.length > 0 && entity.ports.length === 0;",
    replace: "return false;",
  },
  {
    name: "a notSelector asks for no namespace",
    file: "policy/compile/rule-model.ts",
    find: 'const describesPeer = entity.originalSelector !== "" || entity.originalNotSelector !== "" || namesAccounts;',
    replace: 'const describesPeer = entity.originalSelector !== "" || namesAccounts;',
  },
  {
    name: "a selector asks for no namespace",
    file: "policy/compile/rule-model.ts",
    find: 'const describesPeer = entity.originalSelector !== "" || entity.originalNotSelector !== "" || namesAccounts;',
    replace: 'const describesPeer = entity.originalNotSelector !== "" || namesAccounts;',
  },
  {
    name: "service accounts ask for no namespace",
    file: "policy/compile/rule-model.ts",
    find: 'const describesPeer = entity.originalSelector !== "" || entity.originalNotSelector !== "" || namesAccounts;',
    replace: 'const describesPeer = entity.originalSelector !== "" || entity.originalNotSelector !== "";',
  },
  {
    name: "a namespaced rule always asks for its namespace",
    file: "policy/compile/rule-model.ts",
    find: 'if (policyNamespace === "" || !describesPeer) return undefined;',
    replace: 'if (policyNamespace === "") return undefined;',
  },
  {
    name: "a namespace selector does not replace the policy's own",
    file: "policy/compile/rule-model.ts",
    find: 'if (text !== "") return { kind: "selector"',
    replace: 'if (text !== "" && policyNamespace === "") return { kind: "selector"',
  },
  {
    name: "destination: what the check claims",
    file: "policy/program-builder.ts",
    find: 'if (endpoint === undefined || this.#options.semantics === "calico") return undefined;',
    replace: 'if (endpoint !== undefined || this.#options.semantics === "calico") return undefined;',
  },
  {
    name: "destination: its service account is of any namespace",
    file: "policy/subject.ts",
    find: "else contradicts = true;",
    replace: 'else accounts.add(match[2] ?? "");',
  },
  {
    name: "destination: the first of several service accounts",
    file: "policy/subject.ts",
    find: "accounts.size === 1 && !contradicts ? name : undefined",
    replace: "accounts.size > 0 && !contradicts ? name : undefined",
  },
  {
    name: "destination: a service account that is not known is no",
    file: "policy/identity-clauses.ts",
    find: "if (subject.name === undefined) return UNKNOWN;",
    replace: "if (subject.name === undefined) return NO;",
  },
  {
    name: "destination: an endpoint whose id says nothing is in no namespace",
    file: "policy/subject.ts",
    find: 'if (slash <= 0) return { kind: "account", namespace: undefined, name: undefined };',
    replace: 'if (slash <= 0) return { kind: "host" };',
  },
  {
    name: "destination: a host is in an unknown namespace",
    file: "policy/subject.ts",
    find: 'if (id.orchestratorId === "host") return { kind: "host" };',
    replace: "",
  },
  {
    name: "destination: a host may have any service account",
    file: "policy/identity-clauses.ts",
    find: 'case "host":\n      return NO;\n    case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return subject.otherTrustDomain',
    replace:
      'case "host":\n      return UNKNOWN;\n    case "none":\n      return subject.trusted ? YES : UNKNOWN;\n    case "foreign":\n      return subject.otherTrustDomain',
  },
  {
    name: "destination: all() is yes for a host",
    file: "policy/identity-clauses.ts",
    find: "answerSelector(clause.selector, NO_LABELS, NO, YES);",
    replace: "answerSelector(clause.selector, NO_LABELS, YES, YES);",
  },
  {
    name: "destination: global() is no for a host",
    file: "policy/identity-clauses.ts",
    find: "answerSelector(clause.selector, NO_LABELS, NO, YES);",
    replace: "answerSelector(clause.selector, NO_LABELS, NO, NO);",
  },
  {
    name: "proof: with --peer both a verified identity decides alone",
    file: "policy/compile/bound-segment.ts",
    find: 'const byIdentity = this.binding.options.peer === "identity";',
    replace: "const byIdentity = true;",
  },
  {
    name: "proof: with --peer identity the set is asked all the same",
    file: "policy/compile/bound-segment.ts",
    find: 'const byIdentity = this.binding.options.peer === "identity";',
    replace: "const byIdentity = false;",
  },
  {
    name: "proof: not to be in the set proves something of who is not verified",
    file: "policy/compile/address-column.ts",
    find: "addBits(proof === PROOF_VERIFIED ? yes : maybe, this.identityDecides);\n      differ ||= proof === PROOF_UNVERIFIED;",
    replace: "if (proof === PROOF_VERIFIED) addBits(yes, this.identityDecides);",
  },
  ...(
    [
      [
        "original selector",
        'entity.originalSelector === "" &&\n    entity.originalNotSelector',
        "entity.originalNotSelector",
      ],
      [
        "notSelector",
        'entity.originalNotSelector === "" &&\n    entity.originalService',
        "entity.originalService",
      ],
      ["service", 'entity.originalService === "" &&\n', ""],
      ["net", "entity.nets.length + entity.notNets.length === 0 &&\n", ""],
      ["second set", "entity.ipSetIds.length === 1 &&", "entity.ipSetIds.length >= 1 &&"],
    ] as const
  ).map(
    ([what, find, replace]): Mutant => ({
      name: `proof: a ${what} says no more than the identity`,
      file: "policy/compile/rule-model.ts",
      find,
      replace,
    }),
  ),
  {
    name: "a rule of an unusable object asks what it says",
    file: "policy/program-builder.ts",
    find: 'parseRules(inboundRules, namespace, unusable === "")',
    replace: "parseRules(inboundRules, namespace, true)",
  },
];
