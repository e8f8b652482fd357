import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { ConflictError, InvalidInputError, rowsOf } from '#platform';
import { EnvironmentNotFoundError } from './flags.errors.js';
import { environmentNames } from './flags.store.js';

export interface NewEnvironment {
  name: string;
  kind?: string | null | undefined;
  cloneOf?: string | null | undefined;
}

const maxEnvironments = 100;

/** New environments, empty or with the flags of another one. */
@Injectable()
export class EnvironmentClones {
  /**
   * A new environment comes last: releases pass through those before it. Flags that need an approval there are off in
   * it, whatever they are in the other one: a copy is no approval.
   * @throws InvalidInputError INVALID_INPUT, ConflictError ENVIRONMENT_EXISTS, EnvironmentNotFoundError
   */
  async create(
    command: Command,
    { name, kind, cloneOf }: NewEnvironment,
  ): Promise<{ name: string; copied: number; withheld: string[] }> {
    const { tx } = command;
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(name))
      throw new InvalidInputError(
        'An environment has a name of 1 to 31 lower-case letters, digits and dashes.',
        { field: 'name' },
      );
    const wanted = kind ?? 'STAGING';
    if (wanted !== 'STAGING' && wanted !== 'PRODUCTION')
      throw new InvalidInputError('The kind of an environment is STAGING or PRODUCTION.', { field: 'kind' });
    await tx.query('lock table environment in share row exclusive mode');
    const known = await environmentNames(tx);
    if (known.includes(name))
      throw new ConflictError('ENVIRONMENT_EXISTS', `There is already an environment "${name}".`, {
        field: 'name',
      });
    if (known.length >= maxEnvironments)
      throw new InvalidInputError(`There are at most ${maxEnvironments} environments.`, { field: 'name' });
    if (cloneOf && !known.includes(cloneOf)) throw new EnvironmentNotFoundError(cloneOf, known);
    await tx.query(
      'insert into environment (name, kind, position) select $1, $2, max(position) + 1 from environment',
      [name, wanted],
    );
    const revision = await command.record({
      area: 'environments',
      action: 'environment.created',
      subject: `environment/${name}`,
      environment: name,
      after: { name, kind: wanted, cloneOf: cloneOf ?? null },
    });
    const copied = cloneOf ? await copyFlags(command, cloneOf, name, revision) : [];
    await tx.query(
      `insert into flag_environment (flag_key, environment, revision)
       select key, $1, $2 from flag where archived_at is null on conflict do nothing`,
      [name, revision],
    );
    const withheld = cloneOf ? await withheldFlags(command, cloneOf, name) : [];
    return { name, copied: copied.length, withheld };
  }
}

async function copyFlags(
  { tx, actor }: Command,
  from: string,
  to: string,
  revision: number,
): Promise<unknown[]> {
  const copied = await rowsOf(
    tx,
    `insert into flag_environment (flag_key, environment, enabled, revision, strategies, variants)
     select e.flag_key, $2, e.enabled, $3, e.strategies, e.variants
     from flag_environment e join flag f on f.key = e.flag_key
     where e.environment = $1 and f.archived_at is null and not flag_needs_approval(f.key, $2)
     returning flag_key`,
    [from, to, revision],
  );
  await tx.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, reason, set_by,
       percentage, stickiness, constraints, segments, starts_at, ends_at, lint_override)
     select gen_random_uuid(), r.flag_key, $2, r.scope_kind, r.scope_key, r.enabled, r.variant, 'Copy of ' || $1::text,
       $3, r.percentage, r.stickiness, r.constraints, r.segments, r.starts_at, r.ends_at,
       r.lint_override
     from flag_rule r join flag_environment e on e.flag_key = r.flag_key and e.environment = $2
     where r.environment = $1`,
    [from, to, actor.name],
  );
  return copied;
}

/** Flags with rules or strategies in the one environment that need an approval in the other. */
async function withheldFlags({ tx }: Command, from: string, to: string): Promise<string[]> {
  const rows = await rowsOf<{ key: string }>(
    tx,
    `select key from flag where archived_at is null and flag_needs_approval(key, $2)
       and (exists (select from flag_rule where flag_key = key and environment = $1)
         or exists (select from flag_environment where flag_key = key and environment = $1 and strategies is not null))
     order by key`,
    [from, to],
  );
  return rows.map(({ key }) => key);
}
