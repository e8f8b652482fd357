import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import { ConflictError, Database, rowsOf, type Transaction } from '#platform';
import type { UnleashConstraint } from './compiler/index.js';
import { checkConstraints } from './condition-rules.js';
import { authorise } from './change-requests/approval-guard.js';
import { FlagInvalidError } from './flags.errors.js';
import { stamp } from './flags.store.js';
import { LintRefusedError } from './lint/lint.errors.js';
import { lintSegment } from './lint/lint-changes.js';
import { checkCompiles } from './flag-strategies.store.js';
import {
  lockSegment,
  lockSegmentUses,
  segmentColumns,
  SegmentNotFoundError,
  type Segment,
  type SegmentUse,
} from './segments.store.js';

export type { Segment } from './segments.store.js';

export interface SegmentChange {
  id: number;
  reason?: string | null | undefined;
  /** Ties the change to an undertaking, e.g. `change-request/<id>`. */
  correlation?: string | undefined;
  /** By what right a change that needs approval is made: `change-request/<id>` or `deployment`. */
  approval?: string | undefined;
  name?: string | null | undefined;
  description?: string | null | undefined;
  constraints?: readonly UnleashConstraint[] | null | undefined;
  /** Refuse with SEGMENT_CHANGED if the segment has another version. */
  expectedVersion?: number | null | undefined;
  /** Why what the lint refuses is wanted. */
  lintOverride?: string | null | undefined;
}

/** Changes of segments. One that flags use reaches their SDKs with its change, in every environment. */
@Injectable()
export class SegmentsService {
  constructor(private readonly database: Database) {}

  all(): Promise<Segment[]> {
    return this.database.query<Segment>(
      `select ${segmentColumns} from segment where deleted_at is null order by name limit 10000`,
    );
  }

  /** A name that nobody has: `name-2`, `name-3` and so on. */
  async freeName(tx: Transaction, name: string): Promise<string> {
    const rows = await rowsOf<{ name: string }>(tx, 'select name from segment where starts_with(name, $1)', [
      name,
    ]);
    const taken = new Set(rows.map((row) => row.name));
    let number = 2;
    while (taken.has(`${name}-${number}`)) number += 1;
    return `${name}-${number}`;
  }

  /** @throws FlagInvalidError INVALID_INPUT, ConflictError SEGMENT_EXISTS */
  async create(
    command: Command,
    input: { name: string; description: string; constraints: readonly UnleashConstraint[] },
  ): Promise<Segment> {
    check(input);
    const id = await this.#insert(command, input);
    return { id, version: 1, ...input };
  }

  /** As another system has it, with what would be refused here. @returns its id. */
  createImported(command: Command, name: string, constraints: readonly UnleashConstraint[]): Promise<number> {
    return this.#insert(command, { name, description: '', constraints });
  }

  /** @throws NotFoundError SEGMENT_NOT_FOUND, ConflictError SEGMENT_CHANGED, FlagInvalidError INVALID_INPUT */
  async update(command: Command, input: SegmentChange): Promise<Segment> {
    const before = await this.#lock(command.tx, input.id);
    if (typeof input.expectedVersion === 'number' && input.expectedVersion !== before.version)
      throw new ConflictError(
        'SEGMENT_CHANGED',
        `Segment "${before.name}" was changed meanwhile: it is at version ${before.version}, not ${input.expectedVersion}.`,
        { field: 'expectedVersion', hint: 'Load it again and repeat your change with the new version.' },
      );
    const after = {
      ...before,
      name: input.name ?? before.name,
      description: input.description ?? before.description,
      constraints: input.constraints ?? before.constraints,
      version: before.version + 1,
    };
    check(after);
    if (contentDigest(content(before)) === contentDigest(content(after))) return before;
    const uses = await lockSegmentUses(command.tx, input.id);
    if (contentDigest(before.constraints) !== contentDigest(after.constraints)) {
      await this.#authorise(command.tx, before, uses, input.approval);
      // A change request is linted when it is submitted.
      if (input.approval === undefined) await refuseAccidents(command.tx, after, input.lintOverride);
    }
    await command.tx.query(
      `update segment set name = $2, description = $3, constraints = $4, version = version + 1,
         updated_at = clock_timestamp() where id = $1`,
      [after.id, after.name, after.description, JSON.stringify(after.constraints)],
    );
    for (const { flag, environment } of uses) await checkCompiles(command.tx, flag, environment);
    await this.#record(command, 'segment.updated', before, after, uses, input);
    return after;
  }

  /** @throws NotFoundError SEGMENT_NOT_FOUND, ConflictError SEGMENT_IN_USE */
  async delete(command: Command, id: number): Promise<Segment> {
    const segment = await this.#lock(command.tx, id);
    const [use] = await lockSegmentUses(command.tx, id);
    if (use)
      throw new ConflictError(
        'SEGMENT_IN_USE',
        `Segment "${segment.name}" is used by flag "${use.flag.key}" in ${use.environment}.`,
        { field: 'id' },
      );
    await command.tx.query(
      `update segment set deleted_at = clock_timestamp(), name = left(name, 150) || ' (deleted ' || id || ')' where id = $1`,
      [id],
    );
    await this.#record(command, 'segment.deleted', segment, null, []);
    return segment;
  }

  async #insert(command: Command, input: Omit<Segment, 'id' | 'version'>): Promise<number> {
    const [row] = await rowsOf<{ id: number }>(
      command.tx,
      `insert into segment (name, description, constraints) values ($1, $2, $3) on conflict do nothing returning id`,
      [input.name, input.description, JSON.stringify(input.constraints)],
    );
    if (!row)
      throw new ConflictError('SEGMENT_EXISTS', `There is already a segment "${input.name}".`, {
        field: 'name',
      });
    await this.#record(command, 'segment.created', null, { id: row.id, ...input }, []);
    return row.id;
  }

  async #lock(tx: Transaction, id: number): Promise<Segment> {
    const segment = await lockSegment(tx, id);
    if (!segment) throw new SegmentNotFoundError(id);
    return segment;
  }

  /** What a segment says decides its flags: it is changed only by the right that they are changed by. */
  async #authorise(
    tx: Transaction,
    { name }: Segment,
    uses: readonly SegmentUse[],
    approval: string | undefined,
  ): Promise<void> {
    for (const { flag, environment } of uses)
      await authorise(tx, {
        flag: flag.key,
        environment,
        opens: true,
        approval,
        command: `tierdeck change-request open --segment "${name}" --file <constraints.yaml> --env ${environment}`,
      });
  }

  async #record(
    command: Command,
    action: string,
    before: unknown,
    after: unknown,
    uses: readonly SegmentUse[],
    why: Pick<SegmentChange, 'reason' | 'correlation'> = {},
  ): Promise<void> {
    const { id } = (after ?? before) as { id: number };
    const revision = await command.record({
      area: 'flags',
      action,
      subject: `segment/${id}`,
      before,
      after,
      ...(why.reason ? { reason: why.reason } : {}),
      ...(why.correlation ? { correlation: why.correlation } : {}),
    });
    await command.tx.query('update segment set revision = $2 where id = $1', [id, revision]);
    for (const { flag, environment } of uses) await stamp(command.tx, flag.key, revision, environment);
  }
}

function check({ name, description, constraints }: Omit<Segment, 'id' | 'version'>): void {
  if (name.trim() !== name || name.length < 1 || name.length > 100)
    throw new FlagInvalidError('A segment has a name of 1 to 100 characters.', 'name');
  if (description.length > 1_000)
    throw new FlagInvalidError('A description has at most 1,000 characters.', 'description');
  checkConstraints(constraints, 'constraints');
}

function content({ name, description, constraints }: Segment): unknown {
  return { name, description, constraints };
}

/** @throws LintRefusedError LINT_REFUSED for rules that the segment would open by accident. */
async function refuseAccidents(
  tx: Transaction,
  { id, constraints }: Segment,
  override: string | null | undefined,
): Promise<void> {
  if (override) return;
  const errors = (await lintSegment(tx, id, constraints)).filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0) throw new LintRefusedError(errors);
}
