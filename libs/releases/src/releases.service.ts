import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { personOf, type Command } from '#audit';
import { ConflictError, InvalidInputError, NotFoundError } from '#platform';
import { TenantsReadModel } from '#tenancy';
import { toContent, toWaves, type ContentInput, type WaveInput } from './release-content.js';
import { ReleaseFlags } from './release-flags.js';
import { ReleaseMigrations } from './release-migrations.js';
import { planWaves, type ReleasePlan } from './release-planner.js';
import { releaseDigest, type ReleaseStatus } from './release.js';
import { ReleasesReadModel } from './releases.read-model.js';
import {
  ApprovalNeededError,
  AuthorCannotApproveError,
  ReleaseOverlapError,
  ReleaseSelectsNobodyError,
  ReleaseStatusError,
} from './releases.errors.js';
import {
  endWaves,
  insertPlan,
  insertRelease,
  lockRelease,
  notifyRelease,
  overlappingRelease,
  releaseApprovals,
  updateReleaseStatus,
  type ReleaseRow,
  type StatusChange,
} from './releases.store.js';

export interface CreateReleaseInput extends ContentInput {
  name: string;
  description?: string | null | undefined;
  migrations?: string[] | null | undefined;
}

export interface PlanInput {
  id?: string | null | undefined;
  waves?: WaveInput[] | null | undefined;
}

/** Releases go to production; staging is where they are promoted from. */
const target = 'production';

/** What people do with releases. The reconciler carries it out. */
@Injectable()
export class ReleasesService {
  constructor(
    private readonly flags: ReleaseFlags,
    private readonly migrations: ReleaseMigrations,
    private readonly tenants: TenantsReadModel,
    private readonly readModel: ReleasesReadModel,
  ) {}

  /** Which tenant would come in which wave: of a release that exists, or of waves that might become one. */
  async plan(input: PlanInput): Promise<ReleasePlan> {
    const tenants = await this.tenants.all();
    if (!input.id) return planWaves(toWaves(input.waves ?? []), tenants);
    const release = await this.readModel.find(input.id);
    if (!release)
      throw new NotFoundError('release', input.id, { field: 'id', hint: 'tierdeck get releases' });
    return planWaves(release.waveSpecs, tenants);
  }

  /** @returns the id of the release, a DRAFT. */
  async create(command: Command, input: CreateReleaseInput): Promise<string> {
    if (!/\S/.test(input.name) || input.name.length > 200) {
      throw new InvalidInputError('name must have 1 to 200 characters.', { field: 'name' });
    }
    const content = toContent(input, await this.migrations.pin(input.migrations ?? []));
    const financial = await this.flags.check(command.tx, content.flagChanges);
    const id = randomUUID();
    const digest = releaseDigest(content);
    await insertRelease(command.tx, {
      id,
      name: input.name.trim(),
      description: input.description ?? null,
      environment: target,
      content,
      digest,
      needs_approval: financial.length > 0,
      created_by: command.actor.name,
      created_by_id: command.actor.id,
    });
    await command.record({
      area: 'releases',
      action: 'release.created',
      subject: `release/${id}`,
      environment: target,
      after: { name: input.name, digest, content },
    });
    await notifyRelease(command.tx, id);
    return id;
  }

  /** Switches the flag changes on in staging; the reconciler rehearses the migrations, then the release is READY. */
  async promote(command: Command, id: string): Promise<void> {
    const release = await this.#locked(command, id, 'promoted', ['DRAFT']);
    await this.flags.stage(command, release);
    const rehearsal = release.content.migrations.length > 0;
    await this.#move(
      command,
      release,
      'release.promoted',
      rehearsal
        ? { status: 'STAGED', reason: 'The migrations are being rehearsed on a scratch database.' }
        : { status: 'READY' },
    );
  }

  /**
   * Approves exactly the content the release has.
   * @throws AuthorCannotApproveError
   */
  async approve(command: Command, id: string, comment: string | null): Promise<void> {
    const release = await this.#locked(command, id, 'approved', [
      'DRAFT',
      'STAGED',
      'READY',
      // A flag of it may become financial while it is under way.
      'RUNNING',
      'PAUSED',
    ]);
    const { actor } = command;
    if (personOf(actor) === release.created_by_person) throw new AuthorCannotApproveError(release.created_by);
    await command.tx.query(
      `insert into release_approval (release_id, digest, author_id, by_id, by_name, comment)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [id, release.digest, release.created_by_id, actor.id, actor.name, comment],
    );
    await this.#record(command, release, 'release.approved', {
      after: { digest: release.digest },
      reason: comment,
    });
    await notifyRelease(command.tx, id);
  }

  /**
   * Fixes the tenants of every wave and lets the reconciler begin.
   * @throws ApprovalNeededError, ReleaseOverlapError, ReleaseSelectsNobodyError, ReleaseStatusError
   */
  async start(command: Command, id: string): Promise<void> {
    const release = await this.#locked(command, id, 'started', ['READY']);
    await this.#refuseUnapproved(command, release);
    await this.#refuseOverlap(command, release, 'started', false);
    const plan = planWaves(release.content.waves, await this.tenants.all());
    if (plan.waves.every(({ tenants }) => tenants.length === 0))
      throw new ReleaseSelectsNobodyError(release.name);
    await insertPlan(command.tx, id, plan);
    await this.#move(
      command,
      release,
      'release.started',
      { status: 'RUNNING', started: true },
      {
        waves: plan.waves.map(({ name, tenants }) => ({ name, tenants: tenants.map(({ slug }) => slug) })),
      },
    );
  }

  /** From the commit of this on, no further tenant is begun or exposed. */
  async pause(command: Command, id: string, reason: string | null): Promise<void> {
    const release = await this.#locked(command, id, 'paused', ['RUNNING']);
    await this.#move(command, release, 'release.paused', {
      status: 'PAUSED',
      reason: reason ?? `Paused by ${command.actor.name}.`,
    });
  }

  async resume(command: Command, id: string): Promise<void> {
    const release = await this.#locked(command, id, 'resumed', ['PAUSED']);
    await this.#refuseUnapproved(command, release);
    await this.#move(command, release, 'release.resumed', { status: 'RUNNING' });
  }

  /** Stops for good; tenants that are exposed keep the release. */
  async abort(command: Command, id: string, reason: string | null): Promise<void> {
    const release = await this.#locked(command, id, 'aborted', [
      'DRAFT',
      'STAGED',
      'READY',
      'RUNNING',
      'PAUSED',
    ]);
    const why = reason ?? `Aborted by ${command.actor.name}.`;
    await endWaves(command.tx, id, 'SKIPPED', why);
    await command.tx.query(
      `update release_tenant set status = 'PENDING' where release_id = $1 and status = 'APPLYING'`,
      [id],
    );
    await this.#move(command, release, 'release.aborted', { status: 'ABORTED', reason: why, finished: true });
  }

  /** Takes the release back from every exposed tenant; the reconciler does it. */
  async rollBack(command: Command, id: string, reason: string | null): Promise<void> {
    const allowed: ReleaseStatus[] = ['RUNNING', 'PAUSED', 'SUCCEEDED', 'ABORTED', 'FAILED'];
    const release = await this.#locked(command, id, 'rolled back', allowed);
    if (!release.started_at) {
      throw new ConflictError('RELEASE_NEVER_STARTED', `Release "${release.name}" exposed nobody.`);
    }
    await this.#refuseOverlap(command, release, 'rolled back', true);
    const why = reason ?? `Rolled back by ${command.actor.name}.`;
    await this.#move(command, release, 'release.rollback-started', { status: 'ROLLING_BACK', reason: why });
  }

  async #locked(
    command: Command,
    id: string,
    wish: string,
    allowed: readonly ReleaseStatus[],
  ): Promise<ReleaseRow> {
    const release = /^[0-9a-f-]{36}$/i.test(id) ? await lockRelease(command.tx, id) : undefined;
    if (!release) throw new NotFoundError('release', id, { hint: 'tierdeck get releases' });
    if (!allowed.includes(release.status)) {
      throw new ReleaseStatusError(release.name, release.status, wish, allowed);
    }
    return release;
  }

  /** Only approvals of what its segments say now count; a flag may have become financial since the release was made. */
  async #refuseUnapproved(command: Command, release: ReleaseRow): Promise<void> {
    const financial = await this.flags.check(command.tx, release.content.flagChanges);
    const { given, needed } = await releaseApprovals(command.tx, release.id);
    if (given < needed) throw new ApprovalNeededError(release.name, financial, given, needed);
  }

  async #refuseOverlap(
    command: Command,
    release: ReleaseRow,
    wish: string,
    laterOnly: boolean,
  ): Promise<void> {
    const other = await overlappingRelease(command.tx, release, laterOnly);
    if (other) throw new ReleaseOverlapError(wish, other.name, other.status, other.shared);
  }

  async #move(
    command: Command,
    release: ReleaseRow,
    action: string,
    change: StatusChange,
    after: object = {},
  ): Promise<void> {
    await updateReleaseStatus(command.tx, release.id, change);
    await this.#record(command, release, action, {
      before: { status: release.status },
      after: { status: change.status, ...after },
      reason: change.reason ?? null,
    });
  }

  async #record(
    command: Command,
    release: ReleaseRow,
    action: string,
    what: { before?: unknown; after?: unknown; reason: string | null },
  ): Promise<void> {
    await command.record({
      area: 'releases',
      action,
      subject: `release/${release.id}`,
      environment: release.environment,
      correlation: `release/${release.id}`,
      before: what.before,
      after: what.after,
      ...(what.reason === null ? {} : { reason: what.reason }),
    });
  }
}
