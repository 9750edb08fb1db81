/** One named change for the worse. A suite that does not fail on it has a hole. */
export type Mutant = {
  /** What was done, in a few words: the list of names is read by people. */
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
};

/** Mutants and the tests that are to catch each of them. */
export type MutantList = {
  readonly about: string;
  /** Below `test/`. */
  readonly tests: readonly string[];
  readonly mutants: readonly Mutant[];
};
