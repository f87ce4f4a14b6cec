import { effect } from "@preact/signals";
import { render } from "preact";
import type { FrameClock } from "./adapter.ts";
import { type App, AppContext } from "./app.ts";
import { AppFrame } from "./components/AppFrame.tsx";
import { httpGateway } from "./gateway.ts";
import { language, preferredLanguage, savedLanguage, setLanguage } from "./i18n/language.ts";
import { Navigation } from "./models/navigation.ts";
import { loginAddress, routeOf, takeToken } from "./models/routes.ts";
import { SessionModel } from "./models/session.ts";

const nextFrame: FrameClock = (callback) => {
  const frame = requestAnimationFrame(callback);
  return () => cancelAnimationFrame(frame);
};

/** A token in the address leaves it before anything else can read, send or keep it. */
function takeAddressToken(): string | null {
  const found = takeToken(new URL(location.href));
  if (found === null) return null;
  history.replaceState(null, "", found.rest);
  return found.token;
}

/** Without a session only the sign-in page is shown, which may be another site's; with one it is left. */
function keepSignedIn({ navigation, session }: App): void {
  effect(() => {
    const state = session.state.value;
    const route = navigation.route.value;
    if (state.name === "signedOut" && (route.page === "channels" || route.page === "channel")) {
      const login = loginAddress(state.loginUrl, navigation.url.value);
      if (isOwnPage(login)) navigation.replace(`${login.pathname}${login.search}`);
      else location.replace(login);
    }
    if (state.name === "signedIn" && route.page === "login") navigation.replace(route.next);
  });
}

function isOwnPage(url: URL): boolean {
  return url.origin === location.origin && routeOf(url).page === "login";
}

/** A sign-in link opened on a page that is open already changes the fragment alone and loads nothing. */
function takeLaterTokens(session: SessionModel): void {
  const take = (): void => {
    const found = takeAddressToken();
    if (found !== null) void session.begin(found);
  };
  // `popstate` comes first, and only in some browsers.
  for (const name of ["popstate", "hashchange"]) window.addEventListener(name, take);
}

const token = takeAddressToken();
const gateway = httpGateway();
const session = new SessionModel(gateway);
// Listens before the navigation does, which so never reads an address with a token.
takeLaterTokens(session);
const app: App = {
  gateway,
  origin: location.origin,
  navigation: new Navigation(window),
  session,
  nextFrame,
};
effect(() => {
  document.documentElement.lang = language.value;
});
keepSignedIn(app);
const firstLanguage = savedLanguage(() => localStorage) ?? preferredLanguage(navigator.languages);
await Promise.all([session.begin(token), setLanguage(firstLanguage)]);

const root = document.getElementById("app");
if (root !== null) {
  render(
    <AppContext.Provider value={app}>
      <AppFrame />
    </AppContext.Provider>,
    root,
  );
}
