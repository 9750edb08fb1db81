/**
 * Where a server keeps each kind, and which it doesn't have at all.
 *
 * An API server that is just starting answers requests for custom resources with 404 or 503, and lists only some of its
 * groups. Read as "no policies" that would open everything, so nothing is concluded from discovery unless the server
 * says that it is ready; where it won't say, only from two discoveries that agree, some seconds apart.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../base/clock.ts";
import { UNKNOWN_KIND_CONFIRM_MS } from "../../base/limits.ts";
import { isMapping } from "../schema/kind.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import type { KindPlace } from "./watched-kinds.ts";

export type Place = {
  /** Of the list of all objects of the kind. */
  readonly path: string;
  /** What its objects say, `crd.projectcalico.org/v1` for instance. */
  readonly apiVersion: string;
};

/** The plurals by `group/version`; groups that we don't read are left out. */
type Catalog = ReadonlyMap<string, ReadonlySet<string>>;

/** The engine's own group. Where it is served, `projectcalico.org` is a view of the same objects through another server. */
const CALICO_V1 = "crd.projectcalico.org/v1";
/** The group of clusters that keep Calico's objects under their public names. */
export const CALICO_V3 = "projectcalico.org/v3";
const OPTIONAL: readonly string[] = [CALICO_V1, CALICO_V3, "policy.networking.k8s.io/v1alpha2"];

/** Several kinds ask at once when everything begins or a server came back; one discovery serves them all. */
const REUSE_MS = 1_000;

export class ApiCatalog {
  readonly #clock: Clock;
  readonly #client: ApiClient;
  #last: { readonly catalog: Promise<Catalog>; readonly atMs: number } | undefined;
  #isCalicoViewed = false;

  constructor(clock: Clock, client: ApiClient) {
    this.#clock = clock;
    this.#client = client;
  }

  /** Whether people see Calico's objects through another server, as `projectcalico.org/v3`; false until it is known. */
  get isCalicoViewed(): boolean {
    return this.#isCalicoViewed;
  }

  /**
   * Undefined: a server that is well says that it has no such kind. Kinds that every server has are never absent.
   *
   * @param forget don't answer from what was found a moment ago.
   */
  async find(kind: KindPlace, signal: AbortSignal, forget = false): Promise<Place | undefined> {
    if (kind.group === "core") return { path: `/api/v1/${kind.plural}`, apiVersion: "v1" };
    if (kind.group !== "calico") {
      const apiVersion = `${kind.group}/${kind.version}`;
      if (!OPTIONAL.includes(apiVersion)) return placeOf(apiVersion, kind);
      const catalog = await this.#catalog(signal, forget);
      return catalog.get(apiVersion)?.has(kind.plural) ? placeOf(apiVersion, kind) : undefined;
    }
    const catalog = await this.#catalog(signal, forget);
    const apiVersion = catalog.has(CALICO_V1) ? CALICO_V1 : CALICO_V3;
    return catalog.get(apiVersion)?.has(kind.plural) ? placeOf(apiVersion, kind) : undefined;
  }

  #catalog(signal: AbortSignal, forget: boolean): Promise<Catalog> {
    const nowMs = this.#clock.nowMs();
    if (this.#last !== undefined && !forget && nowMs - this.#last.atMs < REUSE_MS) return this.#last.catalog;
    const catalog = this.#discover(signal);
    const last = { catalog, atMs: nowMs };
    this.#last = last;
    catalog.catch(() => {
      if (this.#last === last) this.#last = undefined; // whoever waits for it is told; the next one tries again
    });
    return catalog;
  }

  async #discover(signal: AbortSignal): Promise<Catalog> {
    const ready = await this.#client.getStatus({ path: "/readyz", signal });
    if (ready === 200) return this.#read(signal);
    if (ready !== 401 && ready !== 403 && ready !== 404) {
      throw new ApiError(ready, "the API server is not ready yet");
    }
    const first = await this.#read(signal);
    await sleep(UNKNOWN_KIND_CONFIRM_MS, undefined, { signal });
    const second = await this.#read(signal);
    if (!isDeepStrictEqual(first, second))
      throw new ApiError(0, "the API server's list of kinds is changing");
    return second;
  }

  async #read(signal: AbortSignal): Promise<Catalog> {
    const served = groupVersions(await this.#client.getJson({ path: "/apis", signal }));
    const catalog = new Map<string, ReadonlySet<string>>();
    for (const apiVersion of OPTIONAL.filter((wanted) => served.has(wanted))) {
      catalog.set(apiVersion, plurals(await this.#client.getJson({ path: `/apis/${apiVersion}`, signal })));
    }
    this.#isCalicoViewed = catalog.has(CALICO_V1) && catalog.has(CALICO_V3);
    return catalog;
  }
}

function placeOf(apiVersion: string, { plural }: KindPlace): Place {
  return { path: `/apis/${apiVersion}/${plural}`, apiVersion };
}

function groupVersions(list: unknown): ReadonlySet<string> {
  if (!isMapping(list) || !Array.isArray(list["groups"])) throw new ApiError(0, "discovery lists no groups");
  const all = list["groups"].flatMap((group: unknown) => {
    const versions = isMapping(group) && Array.isArray(group["versions"]) ? group["versions"] : [];
    return versions.map((version: unknown) => (isMapping(version) ? String(version["groupVersion"]) : ""));
  });
  return new Set(all);
}

function plurals(list: unknown): ReadonlySet<string> {
  if (!isMapping(list) || !Array.isArray(list["resources"]))
    throw new ApiError(0, "discovery lists no kinds");
  return new Set(list["resources"].map((each: unknown) => (isMapping(each) ? String(each["name"]) : "")));
}
