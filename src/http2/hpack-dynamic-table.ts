/** What an entry counts for beside its two strings (RFC 7541, 4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/**
 * The dynamic table of one direction of a connection (RFC 7541, 2.3.2 and 4): the last fields inserted, as many as fit its size.
 *
 * A ring: an insertion overwrites the slot after the newest entry, an eviction clears that of the oldest.
 */
export class DynamicTable {
  /** Insertions, evictions and changes of the size so far. */
  revision = 0;
  readonly #names: string[];
  readonly #values: string[];
  /** One less than the count of slots, a power of two. */
  readonly #mask: number;
  /** The slot for the next entry. */
  #next = 0;
  #count = 0;
  #bytes = 0;
  #bytesMax: number;

  /**
   * @param capacityBytes the largest size that it will ever be given.
   * @param bytesMax its size to begin with.
   */
  constructor(capacityBytes: number, bytesMax: number) {
    const entriesMax = Math.max(1, Math.floor(capacityBytes / ENTRY_OVERHEAD_BYTES));
    const slots = 2 ** Math.ceil(Math.log2(entriesMax));
    this.#mask = slots - 1;
    this.#names = new Array<string>(slots).fill("");
    this.#values = new Array<string>(slots).fill("");
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** The size of all entries (4.1). */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param age 0 for the newest entry; below `count`. */
  name(age: number): string {
    return this.#names[(this.#next - 1 - age) & this.#mask]!;
  }

  /** @param age as above. */
  value(age: number): string {
    return this.#values[(this.#next - 1 - age) & this.#mask]!;
  }

  /** Adds a field as the newest entry; one larger than the table empties it and is not added (4.4). */
  insert(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.#evictAbove(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) & this.#mask;
    this.#count++;
    this.#bytes += bytes;
    this.revision++;
  }

  /** What is left of inserting a field that is larger than any table: nothing (4.4). */
  clear(): void {
    this.#evictAbove(0);
  }

  /** @param bytesMax at most the capacity. */
  resize(bytesMax: number): void {
    if (bytesMax !== this.#bytesMax) this.revision++;
    this.#bytesMax = bytesMax;
    this.#evictAbove(bytesMax);
  }

  /** Removes the oldest entries until the others take no more than `bytes`. */
  #evictAbove(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const slot = (this.#next - this.#count) & this.#mask;
      this.#bytes -= this.#names[slot]!.length + this.#values[slot]!.length + ENTRY_OVERHEAD_BYTES;
      this.#names[slot] = "";
      this.#values[slot] = "";
      this.#count--;
      this.revision++;
    }
  }
}
