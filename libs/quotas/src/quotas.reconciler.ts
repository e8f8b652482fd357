import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Commands } from '#audit';
import { CONFIGURATION, Database, LOGGER, Reconciler, type Configuration, type Logger } from '#platform';
import { QuotasService } from './quotas.service.js';
import { UsageStore } from './usage.store.js';

const pruneEveryMs = 3_600_000;

/** Records the end of boosts, and forgets old usage. Any number of replicas may run it. */
@Injectable()
export class QuotasReconciler implements OnModuleInit, OnApplicationShutdown {
  readonly #reconciler: Reconciler;
  #prunedAt = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly quotas: QuotasService,
    private readonly usage: UsageStore,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.#reconciler = new Reconciler({ name: 'quotas', pollMs: 1_000 }, () => this.step(), logger);
  }

  onModuleInit(): void {
    if (this.configuration.roles.has('reconciler')) this.#reconciler.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#reconciler.stop();
  }

  /** @returns whether there was something to do. */
  async step(): Promise<boolean> {
    await this.#prune();
    const [due] = await this.database.query('select 1 from quota_boost where valid_until <= now() limit 1');
    if (!due) return false;
    return (
      (await this.commands.asSystem('reconciler:quotas', (command) => this.quotas.endBoosts(command))) > 0
    );
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#prunedAt < pruneEveryMs) return;
    this.#prunedAt = performance.now();
    await this.database.transaction((tx) => this.usage.prune(tx));
  }
}
