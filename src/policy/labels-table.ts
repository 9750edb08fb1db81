import type { Labels } from "./messages.ts";

/** Labels of service accounts and namespaces as received; an immutable value. */
export class LabelsTable {
  static readonly empty: LabelsTable = new LabelsTable(new Map(), new Map());

  readonly #namespaces: ReadonlyMap<string, Labels>;
  /** By namespace, then name. */
  readonly #accounts: ReadonlyMap<string, ReadonlyMap<string, Labels>>;

  private constructor(
    namespaces: ReadonlyMap<string, Labels>,
    accounts: ReadonlyMap<string, ReadonlyMap<string, Labels>>,
  ) {
    this.#namespaces = namespaces;
    this.#accounts = accounts;
  }

  /** Undefined: none were received. */
  ofNamespace(name: string): Labels | undefined {
    return this.#namespaces.get(name);
  }

  /** Undefined: none were received. */
  ofServiceAccount(namespace: string, name: string): Labels | undefined {
    return this.#accounts.get(namespace)?.get(name);
  }

  /** Those whose labels were received. */
  namespaceNames(): Iterable<string> {
    return this.#namespaces.keys();
  }

  /** Those of a namespace whose labels were received. */
  serviceAccountNames(namespace: string): Iterable<string> {
    return this.#accounts.get(namespace)?.keys() ?? [];
  }

  /** The table after some changes; copies what the changes touch and no more, however many they are. */
  withChanges(changes: LabelChanges): LabelsTable {
    const namespaces = new Map(this.#namespaces);
    applyChanges(namespaces, changes.namespaces);
    const accounts = new Map(this.#accounts);
    for (const [namespace, ofNamespace] of changes.accounts) {
      const names = new Map(accounts.get(namespace));
      applyChanges(names, ofNamespace);
      if (names.size === 0) accounts.delete(namespace);
      else accounts.set(namespace, names);
    }
    return new LabelsTable(namespaces, accounts);
  }
}

/** Changes in the making; undefined labels are a removal. */
export class LabelChanges {
  readonly namespaces: Map<string, Labels | undefined> = new Map();
  readonly accounts: Map<string, Map<string, Labels | undefined>> = new Map();

  get isEmpty(): boolean {
    return this.namespaces.size + this.accounts.size === 0;
  }

  setServiceAccount(namespace: string, name: string, labels: Labels | undefined): void {
    const names = this.accounts.get(namespace) ?? new Map<string, Labels | undefined>();
    this.accounts.set(namespace, names);
    names.set(name, labels);
  }
}

function applyChanges(target: Map<string, Labels>, changes: ReadonlyMap<string, Labels | undefined>): void {
  for (const [name, labels] of changes) {
    if (labels === undefined) target.delete(name);
    else target.set(name, labels);
  }
}
