import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { ControlPlaneClient } from './control-plane-client.js';

describe('what the launcher asks the control plane', () => {
  /** What the next requests meet: a status with its body, or a connection that breaks. */
  let answers: ([number, object] | 'broken')[];
  let server: Server;
  let client: ControlPlaneClient;

  beforeEach(async () => {
    server = createServer((request, response) => {
      const answer = answers.shift();
      if (!answer || answer === 'broken') request.socket.destroy();
      else response.writeHead(answer[0]).end(JSON.stringify(answer[1]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new ControlPlaneClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'token');
  });
  afterEach(() => void server.close());

  const internal = { data: null, errors: [{ message: 'no', extensions: { code: 'INTERNAL' } }] };

  it('waits for a control plane that is away, or whose database is', async () => {
    answers = ['broken', [500, internal], [200, { data: { tenants: 5 } }]];
    expect(await client.ask('{ tenants }')).toEqual({ tenants: 5 });
    expect(answers).toEqual([]);
  });

  it('does not wait when it is refused, nor when it is to stop', async () => {
    const errors = [{ message: 'no', extensions: { code: 'UNAUTHENTICATED' } }];
    answers = [[401, { data: null, errors }]];
    await expect(client.ask('{ tenants }')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    answers = ['broken', [200, { data: {} }]];
    await expect(client.ask('{ tenants }', () => true)).rejects.toThrow();
    expect(answers).toHaveLength(1);
  });
});
