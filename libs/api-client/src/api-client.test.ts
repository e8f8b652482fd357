import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiClient, ApiError } from './index.js';

describe('the client of the GraphQL API', () => {
  let answer: [status: number, body: string];
  let asked: { path?: string | undefined; headers: IncomingHttpHeaders; body: string };
  let server: Server;
  let client: ApiClient;

  beforeEach(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked = { path: request.url, headers: request.headers, body };
        response.writeHead(answer[0]).end(answer[1]);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'secret');
  });
  afterEach(() => void server.close());

  const request = (): Promise<unknown> => client.request('{ viewer { name } }');
  const failure = (): Promise<unknown> => request().catch((error: unknown) => error);

  it('sends a mutation with its input and token, and gives the payload', async () => {
    answer = [200, JSON.stringify({ data: { createFlag: { revision: 7 } } })];
    expect(await client.change('createFlag', { key: 'a' }, 'revision')).toEqual({ revision: 7 });
    expect(asked).toMatchObject({ path: '/graphql', headers: { authorization: 'Bearer secret' } });
    expect(JSON.parse(asked.body)).toEqual({
      query: 'mutation ($input: CreateFlagInput!) { createFlag(input: $input) { revision } }',
      variables: { input: { key: 'a' } },
    });
  });

  it('throws the first error with its code, hint and status', async () => {
    const extensions = { code: 'FORBIDDEN', hint: 'tierdeck login' };
    answer = [403, JSON.stringify({ data: { viewer: null }, errors: [{ message: 'no', extensions }] })];
    await expect(request()).rejects.toMatchObject({ message: 'no', status: 403, extensions });
  });

  it('tells an answer that says nothing from one that cannot be read', async () => {
    answer = [502, '{}'];
    const silent = await failure();
    answer = [502, '<html>'];
    const unreadable = await failure();
    for (const error of [silent, unreadable]) {
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ message: 'The control plane answered 502.', status: 502 });
    }
    expect((silent as ApiError).cause).toBeUndefined();
    expect((unreadable as ApiError).cause).toMatchObject({ name: 'SyntaxError' });
  });
});
