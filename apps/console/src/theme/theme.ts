import { createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one accent of the product. Step 7 carries white text at AA contrast, step 4 reads on the dark surface. */
const petrol: MantineColorsTuple = [
  '#e7f6f8',
  '#d0ebef',
  '#a3d7de',
  '#72c1cb',
  '#4badba',
  '#2f9cab',
  '#15808f',
  '#0b6673',
  '#08525d',
  '#053f48',
];

const shared: MantineColorsTuple = [
  '#eef3f8',
  '#dde6ef',
  '#bccddd',
  '#98b2cb',
  '#7a9bbb',
  '#6589ad',
  '#50759b',
  '#3f6186',
  '#345170',
  '#28405a',
];

const hybrid: MantineColorsTuple = [
  '#f3effd',
  '#e4dcf9',
  '#c8b8f2',
  '#aa92ea',
  '#9272e2',
  '#8059da',
  '#7046cb',
  '#5d38ae',
  '#4d2e91',
  '#3d2474',
];

const dedicated: MantineColorsTuple = [
  '#fdf3e4',
  '#f9e4c6',
  '#f1c88d',
  '#e8ab53',
  '#dd9232',
  '#c97e1f',
  '#a96614',
  '#8a520d',
  '#70430b',
  '#573409',
];

export const theme = createTheme({
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 6 },
  colors: { petrol, shared, hybrid, dedicated },
  autoContrast: false,
  defaultRadius: 'md',
  radius: { xs: '3px', sm: '4px', md: '6px', lg: '8px', xl: '12px' },
  fontFamily:
    'Inter, "Inter Variable", ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    '"JetBrains Mono", ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px', lg: '16px', xl: '19px' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.35' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '1.3' },
      h2: { fontSize: '15px', lineHeight: '1.4' },
      h3: { fontSize: '13px', lineHeight: '1.45' },
    },
  },
  focusRing: 'auto',
  cursorType: 'pointer',
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 'md' } },
    TextInput: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', comboboxProps: { shadow: 'md' } } },
    MultiSelect: { defaultProps: { size: 'xs' } },
    Autocomplete: { defaultProps: { size: 'xs' } },
    TagsInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Switch: { defaultProps: { size: 'sm' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, fz: 'xs', multiline: true, maw: 320 } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.45 } } },
    Drawer: { defaultProps: { position: 'right', overlayProps: { backgroundOpacity: 0.35 } } },
    Kbd: { defaultProps: { size: 'xs' } },
  },
});
