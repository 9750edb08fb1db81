/** What has to be undone when a run ends, in reverse order, whatever happens on the way. */
export class Cleanup {
  readonly #steps: (() => Promise<unknown> | unknown)[] = [];

  /** Register a step and go on; it runs once. */
  add(step: () => Promise<unknown> | unknown): void {
    this.#steps.push(step);
  }

  /** Run all steps, each even if another fails; then throw the first failure. Safe to call again. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (reason) {
        failures.push(reason);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
