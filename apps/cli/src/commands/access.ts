import { Argument, type Command } from 'commander';
import { allPages } from '../all-pages.js';
import { Client } from '../client.js';
import type { Context } from '../context.js';
import { withExamples } from '../examples.js';
import { addList } from '../list-and-show.js';
import { keepLogin } from '../session.js';

interface SdkToken {
  id: string;
  name: string;
  kind: string;
  environment: string;
  tenant: string | null;
  branch: string | null;
  project: string | null;
  createdAt: string;
}

/** `tierdeck login`, `whoami`, `token create`, `sdk-token create|list|revoke`. */
export function accessCommands(program: Command, context: Context): void {
  program
    .command('login')
    .description('keep address and token for later calls; the token comes from a question or TIERDECK_TOKEN')
    .option('--url <url>', 'address of the control plane', 'http://127.0.0.1:4000')
    .action(async ({ url }) => {
      const token = context.env['TIERDECK_TOKEN'] ?? (await context.ask('Token: ', 'Set TIERDECK_TOKEN.'));
      const session = { url: String(url).replace(/\/$/, ''), token };
      const { viewer } = await new Client(session).request<{ viewer: { name: string; role: string } }>(
        '{ viewer { name role } }',
      );
      const file = await keepLogin(context.env, session);
      context.message(`Logged in as ${viewer.name} (${viewer.role}); kept in ${file}.`);
    });

  program
    .command('whoami')
    .description('who you are and what you may do')
    .action(async () => {
      const client = await context.client();
      const { viewer } = await client.request<{
        viewer: { name: string; person: string | null; role: string; permissions: string[] };
      }>('{ viewer { name person role permissions } }');
      const { name, person, role, permissions } = viewer;
      context.data(`${name} (${person ? `${person}, ` : ''}${role}): ${permissions.join(', ')}\n`);
    });

  program
    .command('token')
    .description('tokens for people and machines that call Tierdeck')
    .command('create <name>')
    .addArgument(
      new Argument('<role>', 'what it may do').choices([
        'viewer',
        'product',
        'account',
        'release',
        'operator',
        'admin',
      ]),
    )
    .option('--person <who>', 'who will hold it, e.g. an e-mail address: nobody approves what they wrote')
    .description('make one; shown once')
    .action(async (name: string, role: string, { person }: { person?: string }) => {
      const client = await context.client();
      const { createToken } = await client.request<{ createToken: { secret: string } }>(
        `mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret } }`,
        { input: { name, role, person } },
      );
      context.data(`${createToken.secret}\n`);
    });

  const sdkToken = program
    .command('sdk-token')
    .description('tokens for services that read flags or the runtime snapshot');
  const create = sdkToken
    .command('create <name>')
    .addArgument(new Argument('<kind>', 'what it reads').choices(['CLIENT', 'FRONTEND', 'RUNTIME']))
    .option('-e, --env <name>', 'environment', 'production')
    .option('-t, --tenant <slug>', 'see this tenant alone')
    .option('-b, --branch <code>', 'see this branch of the tenant alone')
    .option('-p, --project <key>', 'see the flags of this project alone')
    .description('make one; shown once')
    .action(async (name: string, kind: string, { env, tenant, branch, project }) => {
      const client = await context.client();
      const { createSdkToken } = await client.request<{ createSdkToken: { id: string; secret: string } }>(
        `mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { id secret } }`,
        { input: { name, kind, environment: env, tenant, branch, project } },
      );
      context.data(`${createSdkToken.secret}\n`);
      context.message(`Take it back: tierdeck sdk-token revoke ${createSdkToken.id}`);
    });
  withExamples(
    create,
    'tierdeck sdk-token create my-service CLIENT',
    'tierdeck sdk-token create till CLIENT --env staging --tenant northwind --branch seattle',
    'tierdeck sdk-token create web FRONTEND --tenant northwind',
  );
  addList<SdkToken>(sdkToken, context, {
    all: async () => {
      const client = await context.client();
      return allPages<SdkToken>(
        client,
        `query ($after: String) { sdkTokens(first: 200, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
           id name kind environment tenant branch project createdAt } } } }`,
      );
    },
    nameOf: ({ id }) => id,
    columns: [
      ['id', (row) => row.id],
      ['name', (row) => row.name],
      ['kind', (row) => row.kind],
      ['environment', (row) => row.environment],
      ['sees', (row) => row.branch ?? row.tenant ?? 'all tenants'],
      ['project', (row) => row.project],
      ['made', (row) => row.createdAt],
    ],
    help: { list: 'those that open something, the newest first; secrets are not kept' },
  });
  sdkToken
    .command('revoke <id>')
    .description('nobody reads with it any more')
    .action(async (id: string) => {
      const client = await context.client();
      await client.request(
        `mutation ($input: RevokeSdkTokenInput!) { revokeSdkToken(input: $input) { id } }`,
        { input: { id } },
      );
      context.data(`sdk-token/${id} revoked\n`);
    });
}
