import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { Database, InvalidInputError } from '#platform';

export interface CodeReference {
  flag: string;
  path: string;
  line: number;
  excerpt?: string | null | undefined;
}

export interface CodeScan {
  repository: string;
  commit?: string | null | undefined;
  /** Files that were looked at. */
  files: number;
  references: readonly CodeReference[];
}

export interface StoredReference {
  repository: string;
  commit: string | null;
  path: string;
  line: number;
  excerpt: string;
  scannedAt: Date;
}

const mostReferences = 20_000;
const mostShown = 200;
const maxExcerpt = 300;

/** Where the keys of flags stand in code: the last scan of a repository replaces the one before. */
@Injectable()
export class CodeReferencesService {
  constructor(private readonly database: Database) {}

  /** @returns how many references were kept; those of keys that are no flag are left out. */
  async replace(command: Command, scan: CodeScan): Promise<number> {
    checkScan(scan);
    const { tx, actor } = command;
    await tx.query('delete from flag_code_scan where repository = $1', [scan.repository]);
    await tx.query(
      'insert into flag_code_scan (repository, commit, files, scanned_by) values ($1, $2, $3, $4)',
      [scan.repository, scan.commit ?? null, scan.files, actor.name],
    );
    const kept: unknown[] = await tx.query(
      `insert into flag_code_reference (repository, flag_key, path, line, excerpt)
       select $1, f.key, r.path, r.line, left(coalesce(r.excerpt, ''), ${maxExcerpt})
       from jsonb_to_recordset($2) as r(flag text, path text, line int, excerpt text)
         join flag f on f.key = r.flag on conflict do nothing returning 1`,
      [scan.repository, JSON.stringify(scan.references)],
    );
    await command.record({
      area: 'flags',
      action: 'flag.code-scanned',
      subject: `repository/${scan.repository}`,
      after: { commit: scan.commit ?? null, files: scan.files, references: kept.length },
    });
    return kept.length;
  }

  /** The first places of each flag, by repository and path. */
  async ofFlags(keys: readonly string[]): Promise<StoredReference[][]> {
    const rows = await this.database.query<StoredReference & { flag: string }>(
      `select r.flag_key as flag, r.repository, s.commit, r.path, r.line, r.excerpt, s.scanned_at as "scannedAt"
       from unnest($1::text[]) as wanted(key) cross join lateral (
         select * from flag_code_reference where flag_key = wanted.key
         order by repository, path, line limit ${mostShown}) r
       join flag_code_scan s on s.repository = r.repository order by r.repository, r.path, r.line`,
      [keys],
    );
    return keys.map((key) => rows.filter(({ flag }) => flag === key));
  }
}

function checkScan({ repository, commit, files, references }: CodeScan): void {
  const refuse = (message: string, field: string): never => {
    throw new InvalidInputError(message, { field });
  };
  if (!/\S/.test(repository) || repository.length > 200)
    refuse('repository must have 1 to 200 characters.', 'repository');
  if ((commit ?? '').length > 100) refuse('commit has more than 100 characters.', 'commit');
  if (files < 0) refuse('files must not be negative.', 'files');
  if (references.length > mostReferences)
    refuse(`There are more than ${mostReferences} references.`, 'references');
  const wrong = references.findIndex(({ path, line }) => path.length < 1 || path.length > 1_000 || line < 1);
  if (wrong >= 0)
    refuse('A reference has a path of 1 to 1000 characters and a line from 1 on.', `references.${wrong}`);
}
