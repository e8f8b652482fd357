import { createInterface } from 'node:readline/promises';
import { Client } from './client.js';
import { CliError } from './cli-error.js';
import { findSession } from './session.js';

/** What a command works with: data goes to stdout, messages to stderr, questions only to a terminal. */
export class Context {
  /** What the process ends with if nothing throws; `diff` sets 2. */
  exitCode = 0;

  constructor(readonly env: NodeJS.ProcessEnv = process.env) {}

  async client(): Promise<Client> {
    return new Client(await findSession(this.env));
  }

  data(text: string): void {
    process.stdout.write(text);
  }

  message(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /**
   * Asks for a word that confirms a dangerous step.
   * @throws CliError CONFIRMATION_NEEDED off a terminal, naming the option that confirms.
   */
  async confirm(question: string, word: string, given: string | undefined): Promise<void> {
    const answer = given ?? (await this.ask(`${question} Type "${word}" to go on: `, `--confirm ${word}`));
    if (answer !== word) throw new CliError('NOT_CONFIRMED', 'Nothing was done.', `--confirm ${word}`);
  }

  /** A question on a terminal; `option` is what to give instead off one. */
  async ask(question: string, option: string): Promise<string> {
    if (!process.stdin.isTTY) throw new CliError('CONFIRMATION_NEEDED', 'This needs an answer.', option);
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await terminal.question(question)).trim();
    } finally {
      terminal.close();
    }
  }
}
