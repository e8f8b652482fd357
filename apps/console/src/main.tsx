import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './theme/tokens.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ConfirmProvider } from './components/confirm.js';
import { router } from './router.js';
import { SessionGate } from './session/session.js';
import { EnvironmentsGate } from './shell/environments-gate.js';
import { theme } from './theme/theme.js';

const colourScheme = localStorageColorSchemeManager({ key: 'tierdeck-colour-scheme' });
const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');

createRoot(element).render(
  <StrictMode>
    <MantineProvider theme={theme} colorSchemeManager={colourScheme} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} />
      <SessionGate>
        <EnvironmentsGate>
          <ConfirmProvider>
            <RouterProvider router={router} />
          </ConfirmProvider>
        </EnvironmentsGate>
      </SessionGate>
    </MantineProvider>
  </StrictMode>,
);
