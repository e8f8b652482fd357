import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Commands } from '#audit';
import {
  CONFIGURATION,
  Database,
  LOGGER,
  Reconciler,
  TierdeckError,
  type Configuration,
  type Logger,
} from '#platform';
import { ChangeRequestsService } from './change-requests.service.js';
import { claimDue } from './change-requests.store.js';

const part = 'schedule';

/**
 * Applies change requests whose time has come. Any number of replicas may run it: the row's lock holds the others off,
 * and one transaction makes all the changes, so that a process that dies has done nothing.
 */
@Injectable()
export class ChangeRequestsReconciler implements OnModuleInit, OnApplicationShutdown {
  readonly #reconciler: Reconciler;

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly requests: ChangeRequestsService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#reconciler = new Reconciler({ name: 'change requests', pollMs: 500 }, () => this.step(), logger);
  }

  onModuleInit(): void {
    if (this.configuration.roles.has('reconciler')) this.#reconciler.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#reconciler.stop();
  }

  /** @returns whether a request was due. */
  async step(): Promise<boolean> {
    const [due] = await this.database.query(
      `select from change_request where status = 'SCHEDULED' and apply_at <= clock_timestamp() limit 1`,
    );
    if (!due) return false;
    let id: string | undefined;
    try {
      await this.commands.asSystem(part, async (command) => {
        id = await claimDue(command.tx);
        if (id !== undefined) await this.requests.apply(command, id);
      });
    } catch (error) {
      // A fault that passes is tried again; a refusal would be repeated for ever.
      if (id === undefined || !(error instanceof TierdeckError)) throw error;
      this.logger.warn({ err: error, changeRequest: id }, 'a scheduled change request was not applied');
      await this.#returnToReview(id, `${error.code}: ${error.message}`);
    }
    return id !== undefined;
  }

  async #returnToReview(id: string, reason: string): Promise<void> {
    try {
      await this.commands.asSystem(part, (command) =>
        this.requests.returnToReview(command, id, reason.slice(0, 2_000)),
      );
    } catch (error) {
      // Somebody cancelled or edited it meanwhile: then theirs is the newer decision.
      if (!(error instanceof TierdeckError)) throw error;
    }
  }
}
