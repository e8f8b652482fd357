import { Injectable } from '@nestjs/common';
import { Database, InvalidInputError } from '#platform';
import { ChangeRequestsReadModel } from '../change-requests/change-requests.read-model.js';
import { draftChanges } from '../change-requests/draft-changes.js';
import type { WantedChange } from '../change-requests/flag-change.js';
import type { FlagContext } from '../flag.js';
import { FlagSubjects, type FlagSubject } from '../flag-subjects.js';
import { FlagsReadModel } from '../flags.read-model.js';
import { EnvironmentDeciders } from './environment-deciders.js';
import { ImpactCounter, type Impact, type Page } from './simulate.js';

const mostExamples = 1_000;

/**
 * Who would see something else if changes were made: every tenant, branch, warehouse and account, read in pages, so
 * that memory does not grow with them.
 */
@Injectable()
export class FlagSimulations {
  constructor(
    private readonly readModel: FlagsReadModel,
    private readonly subjects: FlagSubjects,
    private readonly requests: ChangeRequestsReadModel,
    private readonly database: Database,
  ) {}

  /**
   * One impact for each flag that the changes name or that a segment they rewrite decides, then for each other flag
   * that changes since it depends on one.
   * @throws what {@link draftChanges} throws.
   */
  async ofChanges(
    environment: string,
    changes: readonly WantedChange[],
    page: Page,
  ): Promise<Impact<FlagSubject>[]> {
    await this.readModel.requireEnvironment(environment);
    await this.database.transaction((tx) => draftChanges(tx, environment, changes));
    return this.#run(environment, changes, page);
  }

  /** Of a change request, on the flags as they are now. @throws ChangeRequestNotFoundError */
  async ofRequest(id: string, page: Page): Promise<Impact<FlagSubject>[]> {
    const { environment, changes } = await this.requests.byId(id);
    return this.#run(environment, changes, page);
  }

  async #run(
    environment: string,
    changes: readonly WantedChange[],
    page: Page,
  ): Promise<Impact<FlagSubject>[]> {
    checkPage(page);
    const named = await this.readModel.flagsOfChanges(environment, changes);
    const dependents = (await this.readModel.dependents(named)).filter((key) => !named.includes(key));
    const keys = [...named, ...dependents];
    const loaded = await EnvironmentDeciders.load(this.readModel, environment, keys, changes);
    const [before, after] = [loaded.deciders(), loaded.deciders(changes)];
    const counters = keys.flatMap((key) => {
      const [was, is] = [before.get(key), after.get(key)];
      return was && is ? [new ImpactCounter<FlagSubject>(key, was, is, page)] : [];
    });
    const user = userOf(changes);
    for await (const batch of this.subjects.pages(['BRANCH', 'WAREHOUSE', 'ACCOUNT'])) {
      for (const subject of batch) {
        const context: FlagContext = user ? { ...subject.context, userId: user } : subject.context;
        for (const counter of counters) counter.add(subject, context);
      }
    }
    // A flag that only depends on one that changes is told where it changes with it.
    return counters
      .map(({ impact }) => impact)
      .filter(({ flag, affectedTotal }) => affectedTotal > 0 || !dependents.includes(flag));
  }
}

/** A user's rule is asked for that user everywhere. */
function userOf(changes: readonly WantedChange[]): string | undefined {
  const change = changes.find((one) => 'scope' in one && one.scope.kind === 'USER');
  return change && 'scope' in change ? change.scope.key : undefined;
}

function checkPage({ first, skip }: Page): void {
  if (first < 0 || first > mostExamples)
    throw new InvalidInputError(`first must be between 0 and ${mostExamples}.`, { field: 'first' });
  if (skip < 0) throw new InvalidInputError('skip must not be negative.', { field: 'skip' });
}
