import type { FlagDecider, FlagDecision } from '../compiler/index.js';
import type { FlagContext } from '../flag.js';

export interface Effect<Subject> {
  subject: Subject;
  before: FlagDecision;
  after: FlagDecision;
}

/** How many go from one value to another. */
export interface Transition {
  before: Pick<FlagDecision, 'enabled' | 'variant'>;
  after: Pick<FlagDecision, 'enabled' | 'variant'>;
  count: number;
}

/** What a draft does to one flag. Memory does not grow with the subjects, only with the examples kept. */
export interface Impact<Subject> {
  flag: string;
  total: number;
  affectedTotal: number;
  unchanged: number;
  /** Tenants of whom something changes. */
  affectedTenants: number;
  /** From what to what, the most frequent first. */
  transitions: Transition[];
  /** A page of those that change. */
  affected: Effect<Subject>[];
}

export interface Page {
  skip: number;
  first: number;
}

/** Adds up what a draft does to one flag, subject by subject, in the order they come. */
export class ImpactCounter<Subject extends { context: FlagContext; tenant: string }> {
  #total = 0;
  #affected = 0;
  #tenants = 0;
  #lastTenant: string | undefined;
  readonly #transitions = new Map<string, Transition>();
  readonly #page: Effect<Subject>[] = [];

  constructor(
    private readonly flag: string,
    private readonly before: Pick<FlagDecider, 'decide'>,
    private readonly after: Pick<FlagDecider, 'decide'>,
    private readonly page: Page,
  ) {}

  /** Subjects of one tenant come one after another. */
  add(subject: Subject, context: FlagContext = subject.context): void {
    this.#total++;
    const [before, after] = [this.before.decide(context), this.after.decide(context)];
    if (before.enabled === after.enabled && before.variant === after.variant) return;
    const place = this.#affected++;
    if (place >= this.page.skip && this.#page.length < this.page.first)
      this.#page.push({ subject, before, after });
    if (subject.tenant !== this.#lastTenant) this.#tenants++;
    this.#lastTenant = subject.tenant;
    this.#count(before, after);
  }

  get impact(): Impact<Subject> {
    return {
      flag: this.flag,
      total: this.#total,
      affectedTotal: this.#affected,
      unchanged: this.#total - this.#affected,
      affectedTenants: this.#tenants,
      transitions: [...this.#transitions.values()].sort((a, b) => b.count - a.count),
      affected: this.#page,
    };
  }

  #count(before: FlagDecision, after: FlagDecision): void {
    const key = JSON.stringify([before.enabled, before.variant, after.enabled, after.variant]);
    const known = this.#transitions.get(key);
    if (known) known.count++;
    else
      this.#transitions.set(key, {
        before: { enabled: before.enabled, variant: before.variant },
        after: { enabled: after.enabled, variant: after.variant },
        count: 1,
      });
  }
}
