import type { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Unleash, type Context } from 'unleash-client';
import type { Logger } from '#platform';
import { allocationEngines } from '../allocation/allocation.js';
import { pricingEngines } from '../pricing/price.js';
import {
  allocationEngineFlag,
  allocationShadowFlag,
  engineOf,
  percentDealsFlag,
  pricingEngineFlag,
  pricingShadowFlag,
  shadowOf,
  type Decisions,
  type DecidingTenant,
  type DecisionPlace,
  type FlagDecider,
  type FlagDecision,
  type ShadowChoice,
} from './decisions.js';

export interface UnleashDeciderOptions {
  /** Address of the control plane; `/api` is added. */
  url: string;
  sdkToken: string;
  /** Where the last payload is kept; the process decides from it while the control plane is away. */
  backupPath: string;
  /** Name of the service, e.g. `distribution`. */
  service: string;
  logger: Logger;
  /** Pause between two polls in milliseconds. */
  refreshIntervalMs?: number;
  /** How long {@link UnleashDecider.start} waits for a first payload, in milliseconds. */
  startTimeoutMs?: number;
}

/** Decides through the unmodified Unleash SDK. */
export class UnleashDecider implements FlagDecider {
  private constructor(private readonly unleash: Unleash) {}

  /** Waits until flags are known, from the control plane or from the backup file; at most for the start timeout. */
  static async start(options: UnleashDeciderOptions): Promise<UnleashDecider> {
    const { url, sdkToken, backupPath, service, logger } = options;
    await mkdir(backupPath, { recursive: true, mode: 0o700 });
    const unleash = new Unleash({
      url: new URL('/api', url).toString(),
      appName: service,
      instanceId: `${hostname()}-${process.pid}`,
      customHeaders: { Authorization: sdkToken },
      refreshInterval: options.refreshIntervalMs ?? 1_000,
      metricsInterval: 10_000,
      timeout: 5_000,
      backupPath,
      skipInstanceCountWarning: true,
    });
    // Without a listener an error of the SDK would end the process.
    unleash.on('error', (error: unknown) => logger.warn({ err: error }, 'flags could not be refreshed'));
    unleash.on('warn', (message: unknown) => logger.debug({ message: String(message) }, 'flags'));
    const decider = new UnleashDecider(unleash);
    await decider.ready(options.startTimeoutMs ?? 10_000);
    if (!decider.isReady)
      logger.warn({}, 'no flags yet: the legacy engines decide until the control plane answers');
    return decider;
  }

  /** False until a payload came or was found in the backup file. */
  get isReady(): boolean {
    return this.unleash.isSynchronized() || this.unleash.getFeatureToggleDefinitions().length > 0;
  }

  decide(tenant: DecidingTenant, place: DecisionPlace): Decisions {
    const context = contextOf(tenant, place);
    const pricing = this.#variant(pricingEngineFlag, context);
    const percentDeals = this.unleash.isEnabled(percentDealsFlag, context, false);
    const allocation = this.#variant(allocationEngineFlag, context);
    const pricingEngine = engineOf(pricingEngines, pricing.variant);
    const allocationEngine = engineOf(allocationEngines, allocation.variant);
    return {
      pricingEngine,
      percentDeals,
      allocationEngine,
      shadow: {
        pricing: this.#shadow(pricingShadowFlag, pricingEngines, pricingEngine, context),
        allocation: this.#shadow(allocationShadowFlag, allocationEngines, allocationEngine, context),
      },
      flags: [pricing, { key: percentDealsFlag, enabled: percentDeals, variant: null }, allocation],
    };
  }

  /** The SDK drops its listeners at once, but a request still in flight may fail after that and end the process. */
  stop(): void {
    const { repository } = this.unleash as unknown as { repository: EventEmitter };
    this.unleash.destroy();
    repository.on('error', () => undefined);
  }

  #variant(key: string, context: Context): FlagDecision {
    const { enabled, name } = this.unleash.getVariant(key, context);
    return { key, enabled, variant: enabled ? name : null };
  }

  #shadow<Engine extends string>(
    key: string,
    engines: readonly Engine[],
    live: Engine,
    context: Context,
  ): ShadowChoice<Engine> | null {
    const { enabled, name, payload } = this.unleash.getVariant(key, context);
    return enabled ? shadowOf(engines, live, name, payload?.value) : null;
  }

  private async ready(timeoutMs: number): Promise<void> {
    if (this.isReady) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.unleash.once('ready', done);
      this.unleash.once('synchronized', done);
    });
  }
}

/** Units are named across all tenants, `northwind/seattle`: a bare code is unique only inside its tenant. */
function contextOf(tenant: DecidingTenant, place: DecisionPlace): Context {
  const unit = (code: string | null): string | undefined =>
    code === null ? undefined : `${tenant.slug}/${code}`;
  const properties: Record<string, string | undefined> = {
    tier: tenant.tier,
    region: tenant.region ?? undefined,
    tenant: tenant.slug,
    branch: unit(place.branch),
    warehouse: unit(place.warehouse),
    account: unit(place.account),
  };
  return {
    properties: Object.fromEntries(
      Object.entries(properties).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}
