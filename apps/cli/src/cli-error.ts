/** A failure that the user reads: code, message and the next command. Ends with exit code 1. */
export class CliError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
  }
}

interface Problem {
  file?: string;
  line?: number;
  field?: string;
  message?: string;
}

/** Lines for stderr. Problems of a manifest come one a line, `file:line: field: message`. */
export function explain(error: unknown): string {
  if (!(error instanceof CliError)) return `error: ${(error as Error).message ?? String(error)}`;
  const problems = (error.details?.['problems'] ?? []) as Problem[];
  const lines = [
    `error: ${error.message} (${error.code})`,
    ...problems.map(
      ({ file, line, field, message }) => `  ${file}:${line}: ${field ? `${field}: ` : ''}${message}`,
    ),
    ...(error.hint ? [`hint: ${error.hint}`] : []),
  ];
  return lines.join('\n');
}
