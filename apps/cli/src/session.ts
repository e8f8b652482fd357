import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CliError } from './cli-error.js';

/** Where the control plane is and who asks. */
export interface Session {
  url: string;
  token: string;
}

const defaultUrl = 'http://127.0.0.1:4000';

function loginFile(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? homedir(), '.config');
  return join(base, 'tierdeck', 'login.json');
}

/**
 * Finds the session: TIERDECK_URL and TIERDECK_TOKEN, else what `tierdeck login` kept, else the token of a stack that
 * runs from this folder. A token is never taken from an argument: those show in process lists.
 */
export async function findSession(env: NodeJS.ProcessEnv): Promise<Session> {
  const kept = await readLogin(env);
  const url = env['TIERDECK_URL'] ?? kept?.url ?? localUrl(env);
  const token =
    env['TIERDECK_TOKEN'] ?? (kept?.url === url ? kept.token : undefined) ?? (await localToken(env));
  if (!token) throw new CliError('NOT_LOGGED_IN', 'No token for the control plane.', 'tierdeck login');
  return { url, token };
}

export async function keepLogin(env: NodeJS.ProcessEnv, session: Session): Promise<string> {
  const file = loginFile(env);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, `${JSON.stringify(session)}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return file;
}

async function readLogin(env: NodeJS.ProcessEnv): Promise<Session | undefined> {
  const text = await readFile(loginFile(env), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Session);
}

function localUrl(env: NodeJS.ProcessEnv): string {
  return env['TIERDECK_PORT'] ? `http://127.0.0.1:${env['TIERDECK_PORT']}` : defaultUrl;
}

async function localToken(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const file = join(resolve(env['TIERDECK_DATA_DIR'] ?? '.tierdeck'), 'admin-token');
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}
