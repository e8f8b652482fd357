import { Button, Group, Stack } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconCheck } from '@tabler/icons-react';
import { type FormEvent, type PropsWithChildren, type ReactNode, useState } from 'react';
import styles from './wizard.module.css';

/** Class of a field that takes the whole width of {@link Fields}. */
export const wide = styles['wide'] ?? '';

/** Fields of a form side by side; one under the other where it is narrow. */
export function Fields({ children }: PropsWithChildren) {
  return <div className={styles['fields']}>{children}</div>;
}

interface WizardLayoutProps extends PropsWithChildren {
  /** Stays in view beside the form: what will happen. */
  aside: ReactNode;
  onSubmit?: () => void;
}

/** A form with what it would do beside it. */
export function WizardLayout({ aside, onSubmit, children }: WizardLayoutProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <form className={styles['layout']} onSubmit={submit}>
      <Stack gap="md" miw={0}>
        {children}
      </Stack>
      <aside className={styles['aside']}>{aside}</aside>
    </form>
  );
}

/** What will happen, in order. */
export function PlannedSteps({ steps }: { steps: readonly ReactNode[] }) {
  return (
    <ol className={styles['steps']}>
      {steps.map((step, index) => (
        <li key={index}>{step}</li>
      ))}
    </ol>
  );
}

export interface WizardStep {
  key: string;
  title: string;
  content: ReactNode;
  /** Whether one may go on from here; true unless told. */
  ready?: boolean;
}

interface WizardProps {
  steps: readonly WizardStep[];
  aside: ReactNode;
  /** The button of the last step. */
  finish: { label: string; danger?: boolean; busy: boolean; ready: boolean; onFinish: () => void };
}

/** One question after another; back at any time, on only where the step is answered. */
export function Wizard({ steps, aside, finish }: WizardProps) {
  const [at, setAt] = useState(0);
  const step = steps[at];
  const last = at === steps.length - 1;
  const blocked = steps.findIndex(({ ready = true }) => !ready);
  const reachable = blocked < 0 ? steps.length - 1 : blocked;
  const onNext = () => {
    if (step?.ready === false) return;
    if (!last) setAt(at + 1);
    else if (finish.ready && reachable === at) finish.onFinish();
  };
  return (
    <WizardLayout aside={aside} onSubmit={onNext}>
      <ol className={styles['path']} aria-label="Steps of this form">
        {steps.map(({ key, title }, index) => (
          <li key={key} data-done={index < at} aria-current={index === at ? 'step' : undefined}>
            <button type="button" disabled={index > reachable} onClick={() => setAt(index)}>
              <i aria-hidden="true">{index < at ? <IconCheck size={12} stroke={2.6} /> : index + 1}</i>
              <span>{title}</span>
            </button>
          </li>
        ))}
      </ol>
      {step?.content}
      <Group justify="space-between">
        {at > 0 ? (
          <Button
            variant="default"
            size="sm"
            leftSection={<IconArrowLeft size={15} />}
            onClick={() => setAt(at - 1)}
          >
            Back
          </Button>
        ) : (
          <span />
        )}
        {last ? (
          <Button
            type="submit"
            size="sm"
            disabled={!finish.ready || step?.ready === false}
            loading={finish.busy}
            {...(finish.danger ? { color: 'red.8' } : {})}
          >
            {finish.label}
          </Button>
        ) : (
          <Button
            type="submit"
            size="sm"
            disabled={step?.ready === false}
            rightSection={<IconArrowRight size={15} />}
          >
            Next
          </Button>
        )}
      </Group>
    </WizardLayout>
  );
}
