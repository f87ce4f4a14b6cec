import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FrameClock } from "./adapter.ts";
import type { Gateway } from "./gateway.ts";
import type { Navigation } from "./models/navigation.ts";
import type { SessionModel } from "./models/session.ts";

/** What every page works with. */
export interface App {
  readonly navigation: Navigation;
  readonly session: SessionModel;
  readonly gateway: Gateway;
  /** Where the gateway is. */
  readonly origin: string;
  readonly nextFrame: FrameClock;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error("A page was drawn outside of AppContext.");
  return app;
}
