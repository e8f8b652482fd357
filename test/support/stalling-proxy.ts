import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network between two processes that can stop to carry anything while every connection looks open. */
export class StallingProxy {
  readonly #sockets = new Set<Socket>();
  #stalled = false;
  readonly #server = createServer((near) => this.#accept(near));

  private constructor(private readonly to: URL) {}

  /** @param url of the process behind it. */
  static async start(url: string): Promise<StallingProxy> {
    const proxy = new StallingProxy(new URL(url));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on nothing comes through, and nobody is told: the connections stay open. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was held up comes through, as late as it is. */
  resume(): void {
    this.#stalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    const far = connect(Number(this.to.port), this.to.hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      if (this.#stalled) from.pause();
      from.on('data', (chunk) => into.write(chunk));
      from.on('error', () => into.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        into.destroy();
      });
    }
  }
}
