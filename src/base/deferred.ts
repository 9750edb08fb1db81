/** A promise and what settles it, for what one part waits for and another knows. */
export type Deferred<T> = {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: Error): void;
};

/** Only the first of `resolve` and `reject` counts. */
export function createDeferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // INVARIANT: the function given to a Promise has run when its constructor returns.
  return { promise, ...(settle as unknown as Omit<Deferred<T>, "promise">) };
}
