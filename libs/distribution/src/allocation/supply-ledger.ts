import type { Supply } from './allocation.js';

/** What is left of the supply while a plan is made. Never below zero. */
export class SupplyLedger {
  readonly #left = new Map<string, Map<string, number>>();

  constructor(supplies: readonly Supply[]) {
    for (const { item, warehouse, available } of supplies) {
      const byWarehouse = this.#left.get(item) ?? new Map<string, number>();
      byWarehouse.set(warehouse, Math.max(0, available));
      this.#left.set(item, byWarehouse);
    }
  }

  available(item: string, warehouse: string): number {
    return this.#left.get(item)?.get(warehouse) ?? 0;
  }

  take(item: string, warehouse: string, quantity: number): void {
    const left = this.available(item, warehouse) - quantity;
    if (left < 0 || quantity < 0)
      throw new RangeError(`more of ${item} taken from ${warehouse} than there is`);
    this.#left.get(item)?.set(warehouse, left);
  }
}
