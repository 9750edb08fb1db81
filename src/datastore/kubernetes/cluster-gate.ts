/** Whether the cluster says that its policy can be read: `ClusterInformation default`, `spec.datastoreReady`. */
import { isMapping } from "../schema/kind.ts";
import type { ApiObject } from "./api-object.ts";
import type { ObjectSink } from "./kind-watch.ts";

/** Closed while the object is absent or doesn't say `true`: Calico writes it once its data are whole, and unsets it to change them. */
export class ClusterGate implements ObjectSink {
  readonly #onChange: (isOpen: boolean) => void;
  #isOpen = false;

  constructor(onChange: (isOpen: boolean) => void) {
    this.#onChange = onChange;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  beginList(): { add(object: ApiObject): void; commit(): void } {
    let isOpen = false;
    return {
      add: (object) => {
        isOpen ||= isReady(object);
      },
      commit: () => this.#set(isOpen),
    };
  }

  put(object: ApiObject): void {
    if (object.name === "default") this.#set(isReady(object));
  }

  remove(object: ApiObject): void {
    if (object.name === "default") this.#set(false);
  }

  #set(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    this.#onChange(isOpen);
  }
}

function isReady({ name, value }: ApiObject): boolean {
  const spec = value["spec"];
  return name === "default" && isMapping(spec) && spec["datastoreReady"] === true;
}
