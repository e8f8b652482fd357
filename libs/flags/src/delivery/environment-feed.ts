import type { Database } from '#platform';
import type { TenantIdentity } from '../compiler/index.js';
import { flagUpdatesSince, type FlagUpdate } from './flag-log.js';
import { makePayload, makePayloadNow, type Payload } from './payload.js';
import { ServedFlag } from './served-flag.js';

/** Tenants whose payloads are kept; each costs a few kilobytes. */
const maxTenantPayloads = 10_000;

interface TenantPayload {
  payload: Payload;
  /** What the payload was made from. */
  feedRevision: number;
  identity: string;
}

/**
 * The flags of one environment, in step with the revision log. Readers take what is there without waiting; a change is
 * taken over as a whole, and an older state never replaces a newer one.
 */
export class EnvironmentFeed {
  #revision = -1;
  #flags = new Map<string, ServedFlag>();
  #payload: Payload | undefined;
  #running: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  readonly #tenants = new Map<string, TenantPayload>();

  constructor(
    readonly environment: string,
    private readonly database: Database,
  ) {}

  /** Everything up to this revision is served; -1 before the first load. */
  get revision(): number {
    return this.#revision;
  }

  /** By key, in the order of keys. */
  get flags(): ReadonlyMap<string, ServedFlag> {
    return this.#flags;
  }

  /** The bytes for tokens of every tenant; undefined before the first load. */
  get payload(): Payload | undefined {
    return this.#payload;
  }

  /** The bytes for a token of one tenant. Same bytes, same ETag: changes for others do not reach it. */
  tenantPayload(tenant: TenantIdentity): Payload | undefined {
    if (this.#revision < 0) return undefined;
    const identity = `${tenant.tier} ${tenant.region ?? ''}`;
    const before = this.#tenants.get(tenant.slug);
    if (before?.feedRevision === this.#revision && before.identity === identity) return before.payload;
    const payload = makePayloadNow(
      {
        environment: this.environment,
        revision: this.#revision,
        features: [...this.#flags.values()].map((flag) => flag.jsonFor(tenant)),
      },
      before?.payload,
    );
    this.#tenants.delete(tenant.slug);
    this.#tenants.set(tenant.slug, { payload, feedRevision: this.#revision, identity });
    if (this.#tenants.size > maxTenantPayloads) {
      for (const oldest of this.#tenants.keys()) {
        this.#tenants.delete(oldest);
        break;
      }
    }
    return payload;
  }

  /**
   * Takes over everything committed before this call. Calls while one is under way share the next one.
   * @throws whatever the database throws; what is served stays.
   */
  catchUp(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#load().finally(() => (this.#running = undefined));
      return this.#running;
    }
    this.#again ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#again = undefined;
        return this.catchUp();
      });
    return this.#again;
  }

  async #load(): Promise<void> {
    const { revision, flags } = await flagUpdatesSince(this.database, this.environment, this.#revision);
    if (revision <= this.#revision) return;
    if (flags.length === 0 && this.#payload) {
      this.#revision = revision;
      return;
    }
    const next = apply(this.#flags, flags);
    const features = [...next.values()].map(({ json }) => json);
    const payload = await makePayload({ environment: this.environment, revision, features }, this.#payload);
    this.#flags = next;
    this.#payload = payload;
    this.#revision = revision;
  }
}

function apply(
  flags: ReadonlyMap<string, ServedFlag>,
  updates: readonly FlagUpdate[],
): Map<string, ServedFlag> {
  const next = new Map(flags);
  for (const { description, archived, enabled, rules, ...flag } of updates) {
    if (archived) next.delete(flag.key);
    else next.set(flag.key, new ServedFlag(flag, enabled, rules, description));
  }
  const added = updates.some(({ key, archived }) => !archived && !flags.has(key));
  return added ? new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1))) : next;
}
