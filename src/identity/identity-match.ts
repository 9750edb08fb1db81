import { isTrustDomain, parseSpiffeId, type SpiffeId } from "./spiffe-id.ts";

/** Which SPIFFE IDs are meant: any of these ways. */
export type IdentitiesModel = {
  readonly ids: ReadonlySet<string>;
  /** Each stands for itself and for all whose paths go on from it at a `/`. */
  readonly prefixes: readonly string[];
  readonly trustDomains: ReadonlySet<string>;
};

/** Undefined where nothing is named, or something that is no SPIFFE ID or trust domain: what is meant can't be told then. */
export function parseIdentities(match: {
  readonly ids: readonly string[];
  readonly prefixes: readonly string[];
  readonly trustDomains: readonly string[];
}): IdentitiesModel | undefined {
  const { ids, prefixes, trustDomains } = match;
  if (ids.length + prefixes.length + trustDomains.length === 0) return undefined;
  const isUnderstood =
    [...ids, ...prefixes].every((id) => parseSpiffeId(id).ok) && trustDomains.every(isTrustDomain);
  if (!isUnderstood) return undefined;
  return { ids: new Set(ids), prefixes, trustDomains: new Set(trustDomains) };
}

export function matchesIdentities(model: IdentitiesModel, id: SpiffeId): boolean {
  const { text, trustDomain } = id;
  if (model.ids.has(text) || model.trustDomains.has(trustDomain)) return true;
  return model.prefixes.some(
    (prefix) => text.startsWith(prefix) && (text.length === prefix.length || text[prefix.length] === "/"),
  );
}
