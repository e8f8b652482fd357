/** Views kept for tokens that come again; the one that was not asked for longest goes first. */
const maxViews = 1_000;

/** The views of one environment by their scope, bounded: memory does not grow with the number of tenants. */
export class ViewCache<View> {
  readonly #views = new Map<string, View>();

  get(key: string, make: () => View): View {
    const known = this.#views.get(key);
    const view = known ?? make();
    // The order of a map is that of insertion: what was asked for last stands last.
    if (known) this.#views.delete(key);
    this.#views.set(key, view);
    if (this.#views.size > maxViews) this.#dropOldest();
    return view;
  }

  #dropOldest(): void {
    for (const oldest of this.#views.keys()) {
      this.#views.delete(oldest);
      return;
    }
  }
}
