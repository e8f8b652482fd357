import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** Empty where there is no browser: the test set-up says so, and the suites that need one are skipped. */
export const chromiumPath = process.env['TIERDECK_CHROMIUM'] ?? '/usr/bin/chromium';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Longest wait for anything on a page, in milliseconds: a walk that hangs says where. */
const patience = 45_000;

/** A browser with one page of the console. */
export class ConsoleBrowser {
  private constructor(
    private readonly profile: string,
    private readonly context: BrowserContext,
    readonly page: Page,
    /** Errors that the browser has logged. */
    readonly complaints: string[],
  ) {}

  /** @param token signs in with it; without one the console asks. */
  static async open(token?: string): Promise<ConsoleBrowser> {
    const profile = await mkdtemp(join(tmpdir(), 'tierdeck-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      args: flags,
      viewport: { width: 1440, height: 900 },
      colorScheme: 'light',
    });
    if (token)
      await context.addInitScript(`sessionStorage.setItem('tierdeck-token', ${JSON.stringify(token)})`);
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    return new ConsoleBrowser(profile, context, page, complaints);
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true });
  }
}
