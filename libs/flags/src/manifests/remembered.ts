import { contentDigest } from '#audit';
import { rowsOf, type Transaction } from '#platform';

/** Kinds that keep the spec of the manifest that was last applied, and the column that names one. */
const keys = { project: 'key', segment: 'name', environment: 'name' } as const;
export type Remembering = keyof typeof keys;

/** It is the change of a manifest that is applied: one that is as it was undoes nobody's work. */
export async function isApplied(
  tx: Transaction,
  kind: Remembering,
  name: string,
  spec: unknown,
): Promise<boolean> {
  const [row] = await rowsOf<{ manifest: unknown }>(
    tx,
    `select manifest from ${kind} where ${keys[kind]} = $1`,
    [name],
  );
  return !!row?.manifest && contentDigest(row.manifest) === contentDigest(spec);
}

export async function remember(
  tx: Transaction,
  kind: Remembering,
  name: string,
  spec: unknown,
): Promise<void> {
  await tx.query(`update ${kind} set manifest = $2 where ${keys[kind]} = $1`, [name, JSON.stringify(spec)]);
}
