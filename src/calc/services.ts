import type { EndpointSlice } from "../datastore/resources.ts";

const NO_SLICES: ReadonlyMap<string, EndpointSlice> = new Map();

/** A slice's change in a flush; each side names its own service, so a slice that changes hands leaves the old one. */
export type SliceChange = {
  readonly before: EndpointSlice | undefined;
  readonly after: EndpointSlice | undefined;
};

/** Endpoint slices by the service that they belong to. */
export class Services {
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #byService = new Map<string, Map<string, EndpointSlice>>();
  readonly #pending = new Map<string, EndpointSlice | undefined>();

  put(key: string, slice: EndpointSlice | undefined): void {
    this.#pending.set(key, slice);
  }

  /** The slices of a service, by key. */
  slicesOf(service: string): ReadonlyMap<string, EndpointSlice> {
    return this.#byService.get(service) ?? NO_SLICES;
  }

  /** Bring slices up to date with what was put. */
  process(): SliceChange[] {
    const changes: SliceChange[] = [];
    for (const [key, after] of this.#pending) {
      const before = this.#slices.get(key);
      if (before !== undefined) this.#unfile(key, before);
      if (after !== undefined) this.#file(key, after);
      if (before !== undefined || after !== undefined) changes.push({ before, after });
    }
    this.#pending.clear();
    return changes;
  }

  #file(key: string, slice: EndpointSlice): void {
    this.#slices.set(key, slice);
    const service = serviceOf(slice);
    const slices = this.#byService.get(service);
    if (slices === undefined) this.#byService.set(service, new Map([[key, slice]]));
    else slices.set(key, slice);
  }

  #unfile(key: string, slice: EndpointSlice): void {
    this.#slices.delete(key);
    const service = serviceOf(slice);
    const slices = this.#byService.get(service);
    slices?.delete(key);
    if (slices?.size === 0) this.#byService.delete(service);
  }
}

/** `NAMESPACE/NAME`; the name is empty for a slice of no service, which no rule can name. */
export function serviceOf(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.serviceName}`;
}
