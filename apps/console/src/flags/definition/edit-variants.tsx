import { Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../../components/problem-notice.js';
import type { Problem } from '../../graphql/describe-error.js';
import type { FlagDetail } from '../flags.query.js';
import { ApprovalHint } from '../approval-hint.js';
import { changedPart, useSaveDefinition } from './use-save-definition.js';
import { useSchemaCheck } from './use-schema-check.js';
import { draftOfVariant, emptyVariant, nameProblem, schemaOf, toVariantInput } from './variant-draft.js';
import { VariantFields } from './variant-fields.js';

const mostVariants = 50;

interface EditVariantsProps {
  flag: FlagDetail;
  opened: boolean;
  onClose: () => void;
  onSaved: () => void;
}

export function EditVariants({ flag, opened, onClose, onSaved }: EditVariantsProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="xl"
      title={
        <>
          Variants of <span className="mono">{flag.key}</span>
        </>
      }
    >
      {opened && <VariantsForm flag={flag} onSaved={onSaved} />}
    </Modal>
  );
}

/** The variants with their payloads, and the schema that every payload keeps to: checked before it is sent. */
function VariantsForm({ flag: newest, onSaved }: { flag: FlagDetail; onSaved: () => void }) {
  // As it was when the form was opened: what somebody else saves meanwhile is refused, not overwritten.
  const [flag] = useState(newest);
  const [variants, setVariants] = useState(() => flag.variants.map(draftOfVariant));
  const [whenOff, setWhenOff] = useState(flag.defaultVariant);
  const [schema, setSchema] = useState(() =>
    flag.payloadSchema ? JSON.stringify(flag.payloadSchema, null, 2) : '',
  );
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const { save, busy } = useSaveDefinition(flag, setProblem);
  const { schemaError, payloadErrors } = useSchemaCheck(schema, variants);
  const names = variants.map(({ name }) => name.trim());
  const nameErrors = variants.map((variant) => nameProblem(variant, variants));
  const valid = !schemaError && payloadErrors.size === 0 && nameErrors.every((error) => !error);
  const change = valid
    ? changedPart(flag, {
        variants: variants.map(toVariantInput),
        defaultVariant: whenOff !== null && names.includes(whenOff) ? whenOff : null,
        payloadSchema: schemaOf(schema).value ?? null,
      })
    : {};
  const refusedAt = (field: string) => (problem?.field === field ? problem.message : undefined);
  const beside =
    problem?.field && /^(payloadSchema|defaultVariant|variants\.\d+\.payload)$/.test(problem.field);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    if (await save(change, reason.trim() || undefined)) onSaved();
  };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="md">
        <ApprovalHint flag={flag} what="A change of its variants" />
        {variants.map((variant, index) => (
          <VariantFields
            key={variant.id}
            number={index + 1}
            variant={variant}
            nameError={nameErrors[index]}
            payloadError={payloadErrors.get(variant.id) ?? refusedAt(`variants.${index}.payload`)}
            onChange={(next) => {
              setProblem(undefined);
              setVariants((all) => all.map((one) => (one.id === next.id ? next : one)));
            }}
            onRemove={
              variants.length > 1
                ? () => setVariants((all) => all.filter((one) => one.id !== variant.id))
                : undefined
            }
          />
        ))}
        <Group justify="space-between">
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            disabled={variants.length >= mostVariants}
            onClick={() => setVariants((all) => [...all, emptyVariant()])}
          >
            Add variant
          </Button>
        </Group>
        <Select
          size="sm"
          label="Served where the flag is off"
          placeholder="Nothing: the default of the code"
          clearable
          error={refusedAt('defaultVariant')}
          data={[...new Set(names.filter(Boolean))]}
          value={whenOff !== null && names.includes(whenOff) ? whenOff : null}
          onChange={setWhenOff}
        />
        <Textarea
          size="sm"
          label="Schema of the payloads"
          description="A JSON schema. Every payload keeps to it, also those of later edits. Empty: any payload."
          placeholder={'{ "type": "object", "required": ["share"] }'}
          autosize
          minRows={3}
          maxRows={14}
          spellCheck={false}
          classNames={{ input: 'mono' }}
          error={schemaError ?? refusedAt('payloadSchema')}
          value={schema}
          onChange={(event) => {
            setProblem(undefined);
            setSchema(event.currentTarget.value);
          }}
        />
        <TextInput
          size="sm"
          label="Reason"
          placeholder="Kept in the audit log"
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {problem && !beside && <ProblemNotice problem={problem} />}
        <Group justify="flex-end">
          <Button size="sm" type="submit" disabled={Object.keys(change).length === 0} loading={busy}>
            Save variants
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
