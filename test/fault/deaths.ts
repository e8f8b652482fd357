import pg from 'pg';

export function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Kills this process as soon as a statement that contains the text has been answered. */
export function dieAfterStatement(text: string): void {
  onAnswer((statement) => {
    if (statement.includes(text)) die();
  });
}

/** Kills this process as soon as so many statements in the tenants' databases, or on their servers, have been answered. */
export function dieAfterStatements(count: number): void {
  let left = count;
  onAnswer((_statement, application) => {
    if (application.startsWith('tierdeck-provision') && --left === 0) die();
  });
}

/** Statements that are awaited: those of the control plane's own database go through TypeORM, which calls back. */
function onAnswer(tell: (statement: string, application: string) => void): void {
  const query: unknown = Reflect.get(pg.Client.prototype, 'query');
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const result: unknown = Reflect.apply(query as () => unknown, this, args);
    if (!(result instanceof Promise)) return result;
    const { application_name: application = '' } = Reflect.get(this, 'connectionParameters') as {
      application_name?: string;
    };
    const answered = (): void => tell(typeof args[0] === 'string' ? args[0] : '', application);
    result.then(answered, answered);
    return result;
  });
}
