/** What policy files may say of SPIFFE IDs. */
import fc from "fast-check";
import type { IdentityMatch } from "../../src/policy/messages.ts";

export const identities: fc.Arbitrary<IdentityMatch> = fc.constantFrom(
  { ids: ["spiffe://cluster.local/ns/prod/sa/web"], prefixes: [], trustDomains: [] },
  { ids: [], prefixes: ["spiffe://cluster.local/ns/dev"], trustDomains: ["other.example"] },
);
