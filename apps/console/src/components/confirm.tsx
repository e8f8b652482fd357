import { Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import {
  createContext,
  type FormEvent,
  type PropsWithChildren,
  type ReactNode,
  useCallback,
  useContext,
  useState,
} from 'react';

export interface Question {
  title: string;
  body: ReactNode;
  /** What the button says it does: a verb. */
  action: string;
  danger?: boolean;
  /** Must be typed to go on. */
  expect?: string;
  /** Asks why; the answer goes to the audit log. */
  askReason?: boolean | 'required';
  /** What the reason is called, where “Reason” does not say what is asked. */
  reasonLabel?: string;
}

interface Answer {
  reason: string | undefined;
}

type Ask = (question: Question) => Promise<Answer | undefined>;
const ConfirmContext = createContext<Ask | undefined>(undefined);

interface Pending {
  question: Question;
  resolve: (answer: Answer | undefined) => void;
}

/** Lets any page ask before it does something that matters. */
export function ConfirmProvider({ children }: PropsWithChildren) {
  const [pending, setPending] = useState<Pending>();
  const ask = useCallback<Ask>((question) => new Promise((resolve) => setPending({ question, resolve })), []);
  const close = (answer?: Answer) => {
    pending?.resolve(answer);
    setPending(undefined);
  };
  return (
    <ConfirmContext value={ask}>
      {children}
      {pending && <ConfirmDialog question={pending.question} onClose={close} />}
    </ConfirmContext>
  );
}

function ConfirmDialog({ question, onClose }: { question: Question; onClose: (answer?: Answer) => void }) {
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const ready =
    (!question.expect || typed.trim() === question.expect) &&
    (question.askReason !== 'required' || reason.trim() !== '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onClose({ reason: reason.trim() || undefined });
  };
  return (
    <Modal opened onClose={() => onClose()} title={question.title} size="md">
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm" component="div">
            {question.body}
          </Text>
          {question.askReason && (
            <TextInput
              size="sm"
              label={question.reasonLabel ?? 'Reason'}
              maxLength={500}
              description="Kept in the audit log."
              withAsterisk={question.askReason === 'required'}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              data-autofocus
            />
          )}
          {question.expect && (
            <TextInput
              size="sm"
              label={
                <>
                  Type <Code>{question.expect}</Code> to go on
                </>
              }
              aria-label={`Type ${question.expect} to go on`}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus={question.askReason ? undefined : true}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="sm" onClick={() => onClose()}>
              Cancel
            </Button>
            <Button
              size="sm"
              type="submit"
              disabled={!ready}
              {...(question.danger ? { color: 'red.8' } : {})}
            >
              {question.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** @returns a function that asks and resolves to undefined if the person went back. */
export function useConfirm(): Ask {
  const ask = useContext(ConfirmContext);
  if (!ask) throw new Error('useConfirm is used outside of ConfirmProvider');
  return ask;
}
