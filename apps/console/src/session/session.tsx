import {
  createContext,
  type PropsWithChildren,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from 'react';
import { Provider as UrqlProvider } from 'urql';
import { connect } from '../graphql/client.js';
import { checkToken, type Viewer } from './check-token.js';
import { SignInPage } from './sign-in.page.js';
import { Splash } from './splash.js';

interface Session {
  viewer: Viewer;
  /** Reads a file of the control plane as the viewer. @throws Error with the reason of a refusal. */
  request: (path: string) => Promise<Response>;
  signOut: () => void;
}

const SessionContext = createContext<Session | undefined>(undefined);
const storageKey = 'tierdeck-token';

/** Asks for a token where there is none; its children run signed in. The address stays, so deep links survive. */
export function SessionGate({ children }: PropsWithChildren) {
  const [token, setToken] = useState(() => sessionStorage.getItem(storageKey));
  const [viewer, setViewer] = useState<Viewer>();
  const [message, setMessage] = useState<string>();

  const end = useCallback((why?: string) => {
    sessionStorage.removeItem(storageKey);
    setToken(null);
    setViewer(undefined);
    setMessage(why);
  }, []);

  useEffect(() => {
    if (!token || viewer) return;
    let current = true;
    checkToken(token).then(
      (found) => current && setViewer(found),
      (error: unknown) => current && end(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      current = false;
    };
  }, [token, viewer, end]);

  if (!token) {
    return (
      <SignInPage
        message={message}
        onSignedIn={(newToken, newViewer) => {
          sessionStorage.setItem(storageKey, newToken);
          setViewer(newViewer);
          setToken(newToken);
        }}
      />
    );
  }
  if (!viewer) return <Splash />;
  return (
    <SignedIn key={token} token={token} viewer={viewer} onEnd={end}>
      {children}
    </SignedIn>
  );
}

interface SignedInProps extends PropsWithChildren {
  token: string;
  viewer: Viewer;
  onEnd: (why?: string) => void;
}

function SignedIn({ token, viewer, onEnd, children }: SignedInProps) {
  const connection = useMemo(
    () => connect(token, () => onEnd('The token is no longer valid. It may have expired or been revoked.')),
    [token, onEnd],
  );
  useEffect(() => () => connection.dispose(), [connection]);
  const session = useMemo(
    () => ({ viewer, request: (path: string) => requestAs(token, path), signOut: () => onEnd() }),
    [viewer, token, onEnd],
  );
  return (
    <SessionContext value={session}>
      <UrqlProvider value={connection.client}>{children}</UrqlProvider>
    </SessionContext>
  );
}

async function requestAs(token: string, path: string): Promise<Response> {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
  if (answer.ok) return answer;
  const { message } = (await answer.json().catch(() => ({}))) as { message?: string };
  throw new Error(message ?? `The control plane answered with status ${answer.status}.`);
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession is used outside of SessionGate');
  return session;
}

/** Whether the viewer's role holds a permission; the control plane checks again. */
export function useCan(permission: string): boolean {
  return useSession().viewer.permissions.includes(permission);
}
