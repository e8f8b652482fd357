import { connect, type Socket } from 'node:net';

/** One bare connection to `/api/client/streaming`: counts bytes, and notes when each update came. */
export class StreamClient {
  readonly #socket: Socket;
  bytes = 0;
  /** When the last update came, by `performance.now()`. */
  updatedAt = Number.NaN;
  connected = false;

  constructor(url: string, secret: string, instance: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.setNoDelay(true);
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => {
      this.bytes += chunk.length;
      if (!this.connected && chunk.includes('unleash-connected')) this.connected = true;
      else if (chunk.includes('unleash-updated')) this.updatedAt = performance.now();
    });
    this.#socket.write(
      `GET /api/client/streaming HTTP/1.1\r\nHost: bench\r\nAuthorization: ${secret}\r\n` +
        `unleash-appname: bench\r\nunleash-instanceid: ${instance}\r\nunleash-connection-id: ${instance}\r\n` +
        `Accept: text/event-stream\r\n\r\n`,
    );
  }

  close(): void {
    this.#socket.destroy();
  }
}
