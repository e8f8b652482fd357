import { Button, Code, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Notice } from '../components/notice.js';
import { Logo } from '../shell/logo.js';
import { checkToken, type Viewer } from './check-token.js';
import styles from './sign-in.module.css';

interface SignInProps {
  message: string | undefined;
  onSignedIn: (token: string, viewer: Viewer) => void;
}

export function SignInPage({ message, onSignedIn }: SignInProps) {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState(message);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const bearer = token.trim();
    if (!bearer) return setProblem('Paste a token first.');
    setBusy(true);
    try {
      onSignedIn(bearer, await checkToken(bearer));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className={styles['page']}>
      <form className={styles['card']} onSubmit={(event) => void submit(event)}>
        <Stack gap="lg">
          <div className={styles['brand']}>
            <Logo size={34} />
            <div>
              <Title order={1}>Tierdeck</Title>
              <Text c="dimmed" size="sm">
                Control plane
              </Text>
            </div>
          </div>
          {problem && <Notice tone="bad">{problem}</Notice>}
          <PasswordInput
            label="API token"
            name="token"
            placeholder="tierdeck_admin_…"
            leftSection={<IconKey size={15} />}
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="off"
            autoFocus
            data-autofocus
          />
          <Button type="submit" size="sm" loading={busy} fullWidth>
            Sign in
          </Button>
          <div className={styles['help']}>
            <Text size="xs" c="dimmed">
              The first administrator token lies on the machine of the control plane:
            </Text>
            <Code block>cat .tierdeck/admin-token</Code>
            <Text size="xs" c="dimmed">
              It is kept for this browser tab only, and forgotten when the tab closes.
            </Text>
          </div>
        </Stack>
      </form>
    </main>
  );
}
