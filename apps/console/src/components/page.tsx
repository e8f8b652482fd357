import { Title } from '@mantine/core';
import { type PropsWithChildren, type ReactNode, useEffect } from 'react';
import styles from './page.module.css';

interface PageProps extends PropsWithChildren {
  title: ReactNode;
  /** What the browser's tab says, where the title is not plain text. */
  documentTitle?: string;
  crumbs?: ReactNode;
  subtitle?: ReactNode;
  /** Beside the title: status and tier. */
  badges?: ReactNode;
  actions?: ReactNode;
  toolbar?: ReactNode;
  /** The body scrolls inside itself, as tables do. */
  fill?: boolean;
}

export function Page(props: PageProps) {
  const name = props.documentTitle ?? (typeof props.title === 'string' ? props.title : undefined);
  useEffect(() => {
    document.title = name ? `${name} · Tierdeck` : 'Tierdeck';
  }, [name]);
  return (
    <div className={`${styles['page']} ${props.fill ? styles['fill'] : ''}`}>
      <header className={styles['head']}>
        <div className={styles['titles']}>
          {props.crumbs && <div className={styles['crumbs']}>{props.crumbs}</div>}
          <div className={styles['title']}>
            <Title order={1}>{props.title}</Title>
            {props.badges}
          </div>
          {props.subtitle && <div className={styles['subtitle']}>{props.subtitle}</div>}
        </div>
        {props.actions && <div className={styles['actions']}>{props.actions}</div>}
      </header>
      {props.toolbar && <div className={styles['toolbar']}>{props.toolbar}</div>}
      <div className={styles['body']}>{props.children}</div>
    </div>
  );
}

interface PanelProps extends PropsWithChildren {
  title?: ReactNode;
  actions?: ReactNode;
  /** The content reaches the panel's edge. */
  flush?: boolean;
  className?: string | undefined;
}

export function Panel({ title, actions, flush, className, children }: PanelProps) {
  return (
    <section className={`${styles['panel']} ${className ?? ''}`}>
      {(title || actions) && (
        <div className={styles['panelHead']}>
          <Title order={2}>{title}</Title>
          {actions}
        </div>
      )}
      <div className={flush ? '' : styles['panelBody']}>{children}</div>
    </section>
  );
}
