import { saysReady } from "../cluster-information.ts";
import type { ApiObject } from "./api-object.ts";
import type { ObjectSink } from "./kind-watch.ts";

/** Whether the cluster says that its policy can be read. */
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
  return name === "default" && saysReady(value);
}
