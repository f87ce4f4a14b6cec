export interface NoticeProps {
  readonly title: string;
  readonly text: string;
  readonly action?: { readonly name: string; readonly run: () => void };
}

/** A page that says one thing. */
export function Notice({ title, text, action }: NoticeProps) {
  return (
    <main class="page narrow">
      <section class="card" role="alert">
        <h1>{title}</h1>
        <p>{text}</p>
        {action !== undefined && (
          <button type="button" class="primary" onClick={action.run}>
            {action.name}
          </button>
        )}
      </section>
    </main>
  );
}
