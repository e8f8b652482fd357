import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { SecretOnce } from '../components/secret-once.js';
import { graphql } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';

const createTenantTokenMutation = graphql(`
  mutation CreateTenantToken($input: CreateTenantTokenInput!) {
    createTenantToken(input: $input) {
      id
      secret
    }
  }
`);

interface CreateTokenProps {
  tenant: string;
  opened: boolean;
  onClose: () => void;
}

/** A bearer token with which the tenant's own systems call the data plane. */
export function CreateToken({ tenant, opened, onClose }: CreateTokenProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Access token of ${tenant}`} size="lg">
      {opened && <TokenForm tenant={tenant} onClose={onClose} />}
    </Modal>
  );
}

function TokenForm({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const create = useCommand(createTenantTokenMutation);
  const [name, setName] = useState('');
  const [secret, setSecret] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const made = await create.run({ tenant, name: name.trim() });
    setSecret(made?.createTenantToken.secret ?? undefined);
  };
  if (secret) {
    const example = { title: 'First request', text: firstRequest(secret) };
    return <SecretOnce secret={secret} example={example} onClose={onClose} />;
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Name"
          description="Which system will bear it."
          placeholder="web shop"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button size="sm" type="submit" disabled={!name.trim()} loading={create.busy}>
            Create token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A first request to try the token with. */
const firstRequest = (secret: string): string =>
  [
    `curl -X POST http://${window.location.hostname}:4100/quotes \\`,
    `  -H 'authorization: Bearer ${secret}' \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '{"account": "<code>", "lines": [{"sku": "<sku>", "quantity": 1}]}'`,
  ].join('\n');
