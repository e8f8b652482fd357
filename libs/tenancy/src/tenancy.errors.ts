import { ConflictError, TierdeckError } from '#platform';

/** One thing that is wrong in a manifest, where a person can find it. */
export interface ManifestProblem {
  file: string;
  /** 1-based line in the file. */
  line: number;
  /** Path of the field, e.g. `spec.database`; empty for the document itself. */
  field: string;
  message: string;
}

/** Manifests are applied together or not at all; the error lists every problem of every file. */
export class ManifestInvalidError extends TierdeckError {
  constructor(readonly problems: readonly ManifestProblem[]) {
    const [first] = problems;
    const where = first ? `${first.file}:${first.line}: ${describe(first)}` : '';
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    super('MANIFEST_INVALID', `Nothing was applied. ${where}${more}`, 400, {
      hint: 'Mend the manifest and run "tierdeck diff -f <folder>".',
      details: { problems: [...problems] },
    });
  }
}

/** A command refused what a manifest says: code and hint are the command's, the place is the file's. */
export class ManifestRefusedError extends TierdeckError {
  constructor(problem: ManifestProblem, { code, httpStatus, hint, details }: TierdeckError) {
    super(code, `Nothing was applied. ${problem.file}:${problem.line}: ${describe(problem)}`, httpStatus, {
      ...(hint ? { hint } : {}),
      field: problem.field,
      details: { ...details, problems: [problem] },
    });
  }
}

function describe(problem: ManifestProblem): string {
  return problem.field ? `${problem.field}: ${problem.message}` : problem.message;
}

export class SlugTakenError extends ConflictError {
  constructor(slug: string) {
    super('TENANT_SLUG_TAKEN', `There is already a tenant "${slug}", or there was one.`, {
      field: 'slug',
      hint: 'Choose another slug: one that was offboarded is not given out again.',
    });
  }
}

export class TenantStatusError extends ConflictError {
  constructor(slug: string, status: string, wanted: string, hint: string) {
    super('TENANT_STATUS_CONFLICT', `Tenant "${slug}" is ${status} and cannot be ${wanted}.`, { hint });
  }
}

/** Rows never leave the region that the tenant's business must keep them in. */
export class CrossRegionError extends TierdeckError {
  constructor(slug: string, region: string, target: { name: string; region: string }) {
    super(
      'PLACEMENT_CROSS_REGION',
      `Tenant "${slug}" stays in region "${region}"; cluster "${target.name}" is in "${target.region}".`,
      422,
      { field: 'cluster', hint: 'Choose a cluster of its region: tierdeck cluster list' },
    );
  }
}
