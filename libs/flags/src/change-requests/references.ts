import { rowsOf, type Transaction } from '#platform';
import type { Reference } from './change-request.js';
import type { Conflict } from './change-requests.errors.js';
import { segmentsNamedBy, type SegmentNames } from './describe-change.js';
import { sameValue, type FlagChange } from './flag-change.js';

/** What is no longer as it was. */
export async function editedReferences(
  tx: Transaction,
  changes: readonly FlagChange[],
  references: readonly Reference[],
): Promise<Conflict[]> {
  if (references.length === 0) return [];
  const [row] = await rowsOf<{ now: Reference[] }>(tx, 'select change_request_refers_to($1) as now', [
    JSON.stringify(changes),
  ]);
  return references.flatMap((reference) => {
    const now = row?.now.find((one) => addressOf(one) === addressOf(reference));
    if (sameValue(now, reference)) return [];
    const what = textOf(reference);
    return [
      {
        field: `changes.${Math.max(
          0,
          changes.findIndex((change) => refersTo(change, reference)),
        )}`,
        change: `what it says of ${what}`,
        expected: `${what} as it was then`,
        found: now?.digest ? 'another' : 'none',
      },
    ];
  });
}

/** Names for descriptions: of what is written down as it was then, else as it is. */
export async function segmentNames(
  reader: { query(sql: string, parameters: unknown[]): Promise<unknown> },
  changes: readonly FlagChange[],
  references: readonly Reference[],
): Promise<SegmentNames> {
  const ids = [...new Set(changes.flatMap(segmentsNamedBy))].filter((id) => id > 0);
  if (ids.length === 0) return new Map();
  const rows = (await reader.query('select id, name from segment where id = any($1)', [ids])) as {
    id: number;
    name: string;
  }[];
  const now = rows.map(({ id, name }) => [id, name] as const);
  const then = references.flatMap((one) =>
    'segment' in one && one.name !== null ? [[one.segment, one.name] as const] : [],
  );
  return new Map([...now, ...then]);
}

function addressOf(reference: Reference): string {
  return 'segment' in reference
    ? `segment ${reference.segment}`
    : `flag ${reference.flag} of ${reference.of}`;
}

function textOf(reference: Reference): string {
  return 'segment' in reference
    ? `segment "${reference.name ?? reference.segment}"`
    : `flag "${reference.flag}"`;
}

function refersTo(change: FlagChange, reference: Reference): boolean {
  if ('segment' in reference) return segmentsNamedBy(change).includes(reference.segment);
  return change.kind === 'UPDATE_FLAG' && change.flag === reference.of;
}
