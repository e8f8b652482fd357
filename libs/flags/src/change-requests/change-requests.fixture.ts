import { Commands, type Actor, type Command } from '#audit';
import { Database, TierdeckError, violatedConstraint } from '#platform';
import { createTestDatabase } from '../../../../test/support/database.js';
import type { UnleashConstraint } from '../compiler/index.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagsService } from '../flags.service.js';
import { SegmentsService } from '../segments.service.js';
import { ChangeRequestsReadModel } from './change-requests.read-model.js';
import { ChangeRequestsService } from './change-requests.service.js';
import type { WantedChange } from './flag-change.js';
import { ChangeMaker } from './make-changes.js';

export const ann: Actor = { kind: 'token', id: 'ann', name: 'Ann' };
export const bob: Actor = { kind: 'token', id: 'bob', name: 'Bob' };

/** People who draft and approve changes of flags, on a database of their own. */
export class ChangeRequestWorld {
  readonly commands: Commands;
  readonly readModel: ChangeRequestsReadModel;
  readonly segments: SegmentsService;
  readonly requests: ChangeRequestsService;
  readonly flags = new FlagsService();
  #flags = 0;

  private constructor(
    readonly database: Database,
    private readonly drop: () => Promise<void>,
  ) {
    this.commands = new Commands(database);
    this.readModel = new ChangeRequestsReadModel(database);
    this.segments = new SegmentsService(database);
    this.requests = new ChangeRequestsService(new ChangeMaker(this.flags, this.segments));
  }

  static async start(): Promise<ChangeRequestWorld> {
    const scratch = await createTestDatabase('control-plane');
    const database = await Database.connect(scratch.url);
    await database.query(exampleTenants);
    return new ChangeRequestWorld(database, () => scratch.drop());
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.drop();
  }

  as<T>(actor: Actor, work: (command: Command) => Promise<T>): Promise<T> {
    return this.commands.run(actor, { input: {} }, work);
  }

  /** A VARIANT flag of its own, `old` unless `new`. @returns its key. */
  async flag(riskClass: 'STANDARD' | 'FINANCIAL'): Promise<string> {
    const key = `engine-${++this.#flags}`;
    const variants = [{ name: 'old' }, { name: 'new' }];
    await this.as(ann, (command) =>
      this.flags.createFlag(command, { key, kind: 'VARIANT', riskClass, variants, defaultVariant: 'old' }),
    );
    return key;
  }

  async segment(name: string, constraints: readonly UnleashConstraint[]): Promise<number> {
    const { id } = await this.as(ann, (command) =>
      this.segments.create(command, { name, description: '', constraints }),
    );
    return id;
  }

  /** Opened and submitted by Ann. @returns its id. */
  open(environment: string, changes: readonly WantedChange[], lintOverride?: string): Promise<string> {
    const content = { title: 'Pilot', environment, changes, submit: true, lintOverride };
    return this.as(ann, (command) => this.requests.open(command, content));
  }

  /** Approved by Bob, then applied by Ann. */
  async apply(id: string): Promise<void> {
    const { digest } = await this.readModel.byId(id);
    await this.as(bob, (command) => this.requests.approve(command, id, digest, null));
    await this.as(ann, (command) => this.requests.apply(command, id));
  }
}

/** The code of what something is refused with: a TierdeckError's, or the database constraint; `done` if it is not. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof TierdeckError) return error.code;
    return violatedConstraint(error) ?? String(error);
  }
}
