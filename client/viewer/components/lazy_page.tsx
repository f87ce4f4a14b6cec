import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words } from "../i18n/language.ts";
import { Notice } from "./Notice.tsx";

/** A page whose code is loaded when it is first shown. */
export function lazyPage<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function LazyPage(props: Props) {
    const [Page, setPage] = useState(() => loaded);
    const [isFailed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (page) => {
          loaded = page;
          setPage(() => page);
        },
        () => setFailed(true),
      );
    }, []);
    if (Page !== null) return <Page {...props} />;
    return isFailed ? <LoadFailed /> : <main class="page" aria-busy="true" />;
  };
}

/** The gateway is away, or a newer one has other files: loading the page again settles both. */
function LoadFailed() {
  const { noAnswer, tryAgain, unreachable } = words.value;
  return (
    <Notice title={unreachable} text={noAnswer} action={{ name: tryAgain, run: () => location.reload() }} />
  );
}
